"""Calibration against values computed by hand, and against laws that the numbers obey."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.run.calibration import auroc, brier, calibration_of, ece, reliability
from mathagent.run.rows import Row

# The worked example of scikit-learn's documentation of roc_auc_score: 0.75.
SMALL = [(0.1, False), (0.4, False), (0.35, True), (0.8, True)]


def test_values_by_hand() -> None:
    assert auroc(SMALL) == pytest.approx(0.75)
    assert brier(SMALL) == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4)
    # bins 1 (0.1), 3 (0.35), 4 (0.4), 8 (0.8): each of one verdict
    assert ece(SMALL) == pytest.approx((0.1 + 0.65 + 0.4 + 0.2) / 4)
    assert [(each.low, each.count) for each in reliability(SMALL)] == [(0.1, 1), (0.3, 1), (0.4, 1), (0.8, 1)]


def test_borders_ties_and_one_kind_only() -> None:
    assert [(each.low, each.count) for each in reliability([(0.0, False), (0.5, True), (1.0, True)])] == [
        (0.0, 1),
        (0.5, 1),
        (0.9, 1),
    ]
    assert auroc([(0.5, True), (0.5, False)]) == 0.5
    assert auroc([(0.9, True), (0.1, True)]) is None
    two = [(0.75, True), (0.75, False), (0.75, True), (0.75, True)]
    assert ece(two) == pytest.approx(0)
    assert auroc(two) == 0.5


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30))
def test_auroc_is_the_share_of_pairs_in_order(pairs: list[tuple[float, bool]]) -> None:
    right = [score for score, true in pairs if true]
    wrong = [score for score, true in pairs if not true]
    found = auroc(pairs)
    if not right or not wrong:
        assert found is None
        return
    wins = sum((one > other) + 0.5 * (one == other) for one in right for other in wrong)
    assert found == pytest.approx(wins / len(right) / len(wrong))
    assert 0 <= ece(pairs) <= 1
    assert sum(each.count for each in reliability(pairs)) == len(pairs)


def judged(
    id: str, score: float, expected: str | None, samples: tuple[int, ...] = (0,), mass: float = 0.9
) -> Row:
    return Row(
        id=id,
        predicted_answer="?",
        expected_answer=expected,
        reward_model_score=score,
        choice_probabilities=[[score, 1 - score]],
        choice_mass=mass,
        extra={"verifies": {"id": "p", "samples": list(samples)}},
    )


def test_only_known_verdicts_are_counted() -> None:
    rows = [
        judged("a", 0.8, "Yes"),
        judged("b", 0.3, "No"),
        judged("c", 0.6, "No", mass=0.1),
        judged("d", 0.9, None),
    ]
    found = calibration_of(rows, "outcome")
    assert (found.verdicts, found.known, found.low_mass) == (4, 3, 1)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.base_rate == pytest.approx(1 / 3)
    assert found.brier == pytest.approx((0.04 + 0.09 + 0.36) / 3)
    assert calibration_of([judged("d", 0.9, None)], "outcome").brier is None


def test_the_order_of_pairs() -> None:
    rows = [
        judged("p#0,1", 0.9, None, (0, 1)),
        judged("p#1,0", 0.7, None, (1, 0)),  # the first, whichever it is
        judged("p#0,2", 0.8, None, (0, 2)),
        judged("p#2,0", 0.2, None, (2, 0)),
        judged("p#1,2", 0.8, None, (1, 2)),  # its other order failed
    ]
    bias = calibration_of(rows, "pairwise").bias
    assert bias is not None
    assert (bias.pairs, bias.flips) == (2, 0.5)
    assert bias.first == pytest.approx((0.8 + 0.5) / 2)
