"""Votes among the samples of one problem: who wins, and when nothing can change any more.

A vote weighs 1, or what the caller says, from 0 to 1 (`mathagent.run.rows.Row.likelihood`).

The tie rule: of two answers with as many votes, the one whose first sample has the lowest number wins. A sample without
an answer has no vote.
"""

from __future__ import annotations

import math
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
    cast: dict[int, list[float]] = {}
    first: dict[int, int] = {}
    for ballot in ballots:
        cast.setdefault(ballot.cluster, []).append(ballot.weight)
        first[ballot.cluster] = min(first.get(ballot.cluster, ballot.sample), ballot.sample)
    if not cast:
        return None
    weights = {cluster: math.fsum(each) for cluster, each in cast.items()}  # the same in whatever order
    order = sorted(weights, key=lambda cluster: (-weights[cluster], first[cluster]))
    return Outcome(order[0], weights[order[0]], weights[order[1]] if len(order) > 1 else 0.0)


def decided(weights: Iterable[float], remaining: int) -> bool:
    """Whether the leader can't be overtaken, nor tied with, whatever the samples that are still to come say.

    Args:
        weights: of each cluster, the votes for it; a single vote weighs at most 1.
        remaining: samples that may still vote.
    """
    leader, runner_up = _first_two(weights)
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
        stop: None never to stop early; "decided" (see `decided`); or the `confidence` in the leader that is wanted,
            which counts votes, whatever they weigh.

    Attributes: settled, whether the samples that have not been counted can be spared.
    """

    def __init__(self, samples: int, stop: float | str | None) -> None:
        self._left = samples
        self._wanted = None if stop is None or isinstance(stop, str) else stop
        self._votes: dict[int, list[float]] = {}
        self._stops = stop is not None
        self.settled = False

    def count(self, cluster: int | None, weight: float = 1.0) -> None:
        """Count the vote of a sample that has ended; None for one that has none."""
        self._left -= 1
        if cluster is not None:
            self._votes.setdefault(cluster, []).append(weight)
        if self._stops and self._votes:
            self.settled = self.settled or self._settles()

    def _settles(self) -> bool:
        if decided(map(math.fsum, self._votes.values()), self._left):
            return True
        leader, runner_up = _first_two(map(len, self._votes.values()))
        return self._wanted is not None and confidence(int(leader), int(runner_up)) >= self._wanted


def _first_two(weights: Iterable[float]) -> tuple[float, float]:
    ordered = [*sorted(weights, reverse=True), 0, 0]
    return ordered[0], ordered[1]
