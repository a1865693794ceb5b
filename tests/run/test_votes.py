"""Who wins, when a vote is decided, and how sure the leader is."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.run.votes import Ballot, Tally, confidence, decided, vote


def ballots(answers: str) -> list[Ballot]:
    """`aab-`: one letter a sample, - for one without an answer."""
    return [Ballot(place, ord(letter)) for place, letter in enumerate(answers) if letter != "-"]


@pytest.mark.parametrize(
    ("answers", "winner", "tied"),
    [
        ("a", "a", False),
        ("abb", "b", False),
        ("ab", "a", True),
        ("ba", "b", True),
        ("-ba", "b", True),
        ("cabba", "a", True),
        ("cbaab", "b", True),
    ],
)
def test_the_most_votes_win_and_ties_go_to_the_first_sample(answers: str, winner: str, tied: bool) -> None:
    outcome = vote(ballots(answers))
    assert outcome is not None
    assert (chr(outcome.winner), outcome.tied) == (winner, tied)
    assert vote(reversed(ballots(answers))) == outcome


def test_nobody_wins_without_ballots() -> None:
    assert vote(ballots("--")) is None


def test_weights_decide_before_numbers() -> None:
    outcome = vote([Ballot(0, 1, 0.2), Ballot(1, 1, 0.2), Ballot(2, 2, 0.5)])
    assert outcome is not None
    assert outcome.winner == 2


@given(st.lists(st.integers(1, 6), max_size=4), st.integers(0, 7))
def test_decided_means_that_no_future_changes_the_winner(counts: list[int], remaining: int) -> None:
    """Against every way in which the remaining samples may vote, new answers among them."""
    futures = combinations_with_replacement(range(len(counts) + 1), remaining)
    leader = max(range(len(counts)), key=lambda place: counts[place]) if counts else None
    safe = remaining == 0
    if leader is not None and not safe:
        safe = True
        for future in futures:
            after = [*counts, 0]
            for place in future:
                after[place] += 1
            safe = safe and all(after[leader] > votes for place, votes in enumerate(after) if place != leader)
    assert decided(counts, remaining) == safe


def test_confidence_is_the_mass_of_the_beta_posterior_above_one_half() -> None:
    """The integral of x^a (1 - x)^b from 1/2 to 1 over the one from 0 to 1, expanded term by term, exactly."""
    for leader, runner_up in product(range(12), range(12)):
        if leader < runner_up:
            continue
        exact = above_half(leader, runner_up)
        assert confidence(leader, runner_up) == pytest.approx(float(exact), abs=1e-15)


def above_half(leader: int, runner_up: int) -> Fraction:
    def integral(low: Fraction) -> Fraction:
        total, binomial = Fraction(0), 1
        for power in range(runner_up + 1):
            degree = leader + power + 1
            total += (-1) ** power * binomial * (1 - low**degree) / degree
            binomial = binomial * (runner_up - power) // (power + 1)
        return total

    return integral(Fraction(1, 2)) / integral(Fraction(0))


def test_confidence_of_ties_and_of_nonsense() -> None:
    assert confidence(0, 0) == confidence(7, 7) == 0.5
    assert confidence(4, 0) > 0.95
    assert confidence(1000, 900) < 1
    with pytest.raises(ValueError, match="at least as many"):
        confidence(1, 2)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.integers(0, 4))
def test_decided_holds_for_weights_up_to_one(weights: list[float], remaining: int) -> None:
    """The worst that can come: all that are left vote for the runner-up, or for a new answer, with full weight."""
    leader, *others = sorted(weights, reverse=True)
    worst = remaining + max(others, default=0.0)
    assert decided(weights, remaining) == (remaining == 0 or leader > worst)


def test_weights_decide_what_numbers_would_not() -> None:
    sure, unsure = Tally(5, "decided"), Tally(5, "decided")
    for cluster, weight in ((1, 0.9), (1, 0.9), (2, 0.05), (2, 0.05)):
        unsure.count(cluster)
        sure.count(cluster, weight)
    assert not unsure.settled  # 2 to 2
    assert sure.settled  # 1.8 to 0.1, and the one that is left weighs 1 at most
    lonely = Tally(2, "decided")
    lonely.count(1, 0.9)
    assert not lonely.settled
    high = Tally(4, "decided")
    for cluster, weight in ((1, 0.9), (2, 0.1), (1, 0.4)):
        assert not high.settled
        high.count(cluster, weight)
    assert high.settled  # 1.3 to 0.1, and 1 is to come


def test_the_order_of_weighted_ballots_makes_no_difference() -> None:
    ballots = [
        Ballot(place, place % 2, weight) for place, weight in enumerate([0.1, 0.6, 0.2, 0.0, 0.3, 0.0])
    ]
    assert vote(ballots) == vote(reversed(ballots)) == vote(ballots[3:] + ballots[:3])


def tally(answers: str, samples: int, stop: float | str | None) -> Tally:
    """The tally of `aab-`, one letter a sample."""
    made = Tally(samples, stop)
    for letter in answers:
        made.count(None if letter == "-" else ord(letter))
    return made


@pytest.mark.parametrize(
    ("answers", "samples", "stop", "settled"),
    [
        ("aaab", 5, "decided", True),
        ("aaab", 6, "decided", False),
        ("aaab--", 7, "decided", True),
        ("----", 5, "decided", False),
        ("aaaaa", 64, 0.95, True),
        ("aaa", 64, 0.95, False),
        ("-", 64, 0.5, False),
        ("ababababa", 64, 0.95, False),
        ("aaaaaaaa", 9, None, False),
    ],
)
def test_settled_by_either_rule(answers: str, samples: int, stop: float | str | None, settled: bool) -> None:
    assert tally(answers, samples, stop).settled is settled


@given(st.text("ab-", max_size=12), st.text("ab-", max_size=6), st.sampled_from(["decided", 0.8, 0.95]))
def test_what_is_settled_stays_settled(before: str, after: str, stop: float | str) -> None:
    """Samples that were under way when the vote was settled may say something else: no more are drawn for it."""
    if tally(before, 20, stop).settled:
        assert tally(before + after, 20, stop).settled
