"""Histograms: every sample is in one bar, with its verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.run.distributions import Bar, distributions
from tests.run.stored import failed, row, samples


def total(bar: Bar) -> int:
    return bar.correct + bar.wrong + bar.undecided + bar.ungraded


def test_rounds_have_a_bar_for_every_number() -> None:
    rows = [row("a", code_rounds_executed=0), row("b", 0, "41", code_rounds_executed=3)]
    bars = distributions(rows).rounds
    assert [(bar.name, bar.low, bar.correct, bar.wrong) for bar in bars] == [
        ("0", 0, 1, 0),
        ("1", 1, 0, 0),
        ("2", 2, 0, 0),
        ("3", 3, 0, 1),
    ]


def test_tokens_are_in_bins_of_a_round_width() -> None:
    rows = [row(str(number), num_generated_tokens=number) for number in (0, 49, 50, 999)]
    bars = distributions(rows).tokens
    assert (bars[0].name, bars[0].low, bars[0].high, bars[0].correct) == ("0 to 49", 0, 50, 2)
    assert (bars[1].correct, bars[-1].name) == (1, "950 to 999")


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=30))
def test_every_sample_is_in_one_bin(tokens: list[int]) -> None:
    found = distributions([row(str(place), num_generated_tokens=each) for place, each in enumerate(tokens)])
    assert len(found.tokens) <= 21
    assert sum(map(total, found.tokens)) == (len(tokens) if max(tokens) else 0)
    for bar in found.tokens:
        assert bar.low is not None
        assert bar.high is not None
        assert sum(bar.low <= each < bar.high for each in tokens) == total(bar)


def test_endings_with_failed_and_stopped_ones() -> None:
    rows = [row("a"), row("b"), failed("c"), row("d", stopped="vote", verdict="ungraded")]
    assert [(bar.name, total(bar)) for bar in distributions(rows).finish] == [
        ("answer", 2),
        ("kernel_error", 1),
        ("stopped early", 1),
    ]


def test_agreement_counts_problems_by_the_winners_share() -> None:
    rows = [
        *samples("all", ["42", "42", "42", "42"]),
        *samples("half", ["41", "41", "42", "40"]),
        *samples("tie", ["42", "41"]),  # the first one wins
        *samples("one", ["42", None]),  # a single vote is no agreement
        *samples("none", [None, None]),
    ]
    bars = {bar.name: (bar.correct, bar.wrong) for bar in distributions(rows).agreement}
    assert bars["all agree"] == (1, 0)
    assert bars["40 to 59 %"] == (1, 1)
    assert sum(map(sum, bars.values())) == 3


def test_time_is_the_mean_of_a_sample() -> None:
    rows = [
        row("a", generation_time=1, code_execution_time=0.5, seconds=2, code_rounds_executed=1),
        row("b", generation_time=3, code_execution_time=0, seconds=3, code_rounds_executed=0),
    ]
    spent = distributions(rows).time
    assert [(each.name, each.samples) for each in spent] == [("all", 2), ("0 rounds", 1), ("1 round", 1)]
    assert (spent[0].model, spent[0].kernel, spent[0].other) == pytest.approx((2, 0.25, 0.25))


def test_nothing_at_all() -> None:
    found = distributions([])
    assert (found.rounds, found.tokens, found.finish, found.agreement, found.time) == ([], [], [], [], [])
