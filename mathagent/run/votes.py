"""Votes among the samples of one problem: who wins, and when nothing can change any more.

The tie rule: of two answers with as many votes, the one whose first sample has the lowest number wins. A sample without
an answer has no vote.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ballot:
    """One sample's vote: the sample's number, the number of its answer's cluster, and what the vote weighs."""

    sample: int
    cluster: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The winning cluster, its votes (or weight), and those of the next one; `tied` where the tie rule decided."""

    winner: int
    votes: float
    runner_up: float

    @property
    def tied(self) -> bool:
        """Whether the tie rule decided."""
        return self.votes == self.runner_up


def vote(ballots: Iterable[Ballot]) -> Outcome | None:
    """Count the ballots, in whatever order they come; None without any."""
    weights: dict[int, float] = {}
    first: dict[int, int] = {}
    for ballot in ballots:
        weights[ballot.cluster] = weights.get(ballot.cluster, 0.0) + ballot.weight
        first[ballot.cluster] = min(first.get(ballot.cluster, ballot.sample), ballot.sample)
    if not weights:
        return None
    order = sorted(weights, key=lambda cluster: (-weights[cluster], first[cluster]))
    return Outcome(order[0], weights[order[0]], weights[order[1]] if len(order) > 1 else 0.0)


def decided(counts: Iterable[int], remaining: int) -> bool:
    """Whether the leader can't be overtaken, nor tied with, whatever the samples that are still to come say.

    Args:
        counts: votes of each cluster.
        remaining: samples that may still vote.
    """
    leader, runner_up = _first_two(counts)
    return remaining <= 0 or leader > runner_up + remaining


def confidence(leader: int, runner_up: int) -> float:
    """The probability that the leader is the more likely answer of the two, from 0.5 (a tie) towards 1.

    The share of the leader among both is given a uniform prior; after the votes it is Beta(leader + 1, runner_up + 1),
    and this is its mass above one half, as a sum of binomials (adaptive consistency, arXiv 2305.11860, section 3).
    """
    if not leader >= runner_up >= 0:
        raise ValueError("the leader has at least as many votes as the runner-up")
    trials = leader + runner_up + 1
    ways: int = sum(math.comb(trials, heads) for heads in range(leader + 1))
    return ways / (1 << trials)


class Tally:
    """The votes on one problem as they come, and whether sampling may stop.

    Once it may, that stays so, whatever samples that were under way say afterwards: a later process that counts the
    same votes in the same order draws no more either.

    Args:
        samples: how many may vote in all.
        stop: None never to stop early; "decided" (see `decided`); or the `confidence` in the leader that is wanted.

    Attributes: settled, whether the samples that have not been counted can be spared.
    """

    def __init__(self, samples: int, stop: float | str | None) -> None:
        self._left = samples
        self._wanted = None if stop is None or isinstance(stop, str) else stop
        self._votes: Counter[int] = Counter()
        self._stops = stop is not None
        self.settled = False

    def count(self, cluster: int | None) -> None:
        """Count the vote of a sample that has ended; None for one that has none."""
        self._left -= 1
        if cluster is not None:
            self._votes[cluster] += 1
        if self._stops and self._votes:
            self.settled = self.settled or self._settles()

    def _settles(self) -> bool:
        votes = self._votes.values()
        leader, runner_up = _first_two(votes)
        return decided(votes, self._left) or (
            self._wanted is not None and confidence(leader, runner_up) >= self._wanted
        )


def _first_two(counts: Iterable[int]) -> tuple[int, int]:
    ordered = [*sorted(counts, reverse=True), 0, 0]
    return ordered[0], ordered[1]
