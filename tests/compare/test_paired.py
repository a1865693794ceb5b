"""The statistics of pairs, against enumeration, another library and properties that they must have."""

from __future__ import annotations

from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.compare.paired import difference_interval, holm, mcnemar, ratio_interval, sign_flip


@pytest.mark.parametrize(
    ("gained", "lost"), [(0, 0), (1, 0), (5, 0), (6, 0), (3, 4), (2, 9), (7, 7), (1, 12)]
)
def test_mcnemar_counts_what_coins_do(gained: int, lost: int) -> None:
    flips, farther = gained + lost, abs(gained - lost)
    as_far = sum(abs(2 * sum(coins) - flips) >= farther for coins in product((0, 1), repeat=flips))
    assert mcnemar(gained, lost) == pytest.approx(as_far / 2**flips)


@given(st.integers(0, 250), st.integers(0, 250))
def test_mcnemar_is_twice_a_binomial_tail(gained: int, lost: int) -> None:
    """The tail as a regularised incomplete beta function, by mpmath."""
    fewer, more = sorted((gained, lost))
    tail = 1 if fewer == more else mpmath.betainc(more, fewer + 1, 0, 0.5, regularized=True)
    expected = float(min(1, 2 * tail))
    assert mcnemar(gained, lost) == pytest.approx(expected, rel=1e-9, abs=1e-300)
    assert mcnemar(gained, lost) == mcnemar(lost, gained)


def test_mcnemar_known_values() -> None:
    assert mcnemar(12, 5) == pytest.approx(2 * 9402 / 2**17)
    assert mcnemar(5, 0) == 0.0625
    assert mcnemar(6, 0) == 0.03125
    assert mcnemar(5000, 5000) == 1.0
    assert 0 < mcnemar(5300, 4700) < 1e-8  # 6 standard deviations
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)


@pytest.mark.parametrize(
    "differences", [[0.5, -0.25, 1.0], [0.0, 0.0], [1.0] * 6, [0.125, 0.5, -0.5, 0.25, -0.125, 0.75, 0.0]]
)
def test_sign_flip_tries_every_sign(differences: list[float]) -> None:
    found = sign_flip(differences, range(len(differences)))
    wanted = abs(sum(differences)) - 1e-9
    flips = list(product((1, -1), repeat=len(differences)))
    hits = sum(abs(sum(s * d for s, d in zip(signs, differences, strict=True))) >= wanted for signs in flips)
    assert found == pytest.approx(hits / len(flips))


def test_sign_flip_on_verdicts_is_mcnemar() -> None:
    for gained, lost in ((6, 2), (40, 20), (25, 25), (3, 12)):
        differences = [1.0] * gained + [-1.0] * lost + [0.0] * 7
        found = sign_flip(differences, range(len(differences)))
        assert found == pytest.approx(mcnemar(gained, lost), abs=0.01)
    assert sign_flip([1.0] * 40, range(40)) == 1 / 10_001  # never zero: what was seen is one of the draws


def test_sign_flip_turns_forms_of_one_problem_together() -> None:
    assert sign_flip([0.25] * 8, [0] * 4 + [1] * 4) == 0.5
    assert sign_flip([0.25] * 8, range(8)) == 2 / 2**8


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5]) == [0.5]
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_intervals_hold_the_true_difference_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for trial in range(100):
        differences = rng.choice([-1.0, 0.0, 1.0], size=120, p=[0.1, 0.7, 0.2])
        found = difference_interval(list(differences), range(120), trial)
        held += found.low <= 0.1 <= found.high
    assert 88 <= held <= 100


def test_pairing_makes_the_interval_of_a_ratio_narrow() -> None:
    rng = np.random.default_rng(2)
    first = rng.lognormal(5, 1, 200)
    paired = ratio_interval(list(first), list(1.5 * first), range(200))
    assert (paired.low, paired.high) == pytest.approx((1.5, 1.5))
    apart = ratio_interval(list(first), list(1.5 * rng.permutation(first)), range(200))
    assert apart.low < 1.4 < 1.6 < apart.high


def test_the_same_seed_gives_the_same_numbers() -> None:
    differences = [1.0, 0.0, -1.0, 0.5] * 10
    one, other, another = (difference_interval(differences, range(40), seed) for seed in (0, 0, 1))
    assert one == other != another
    assert sign_flip(differences, range(40), 3) == sign_flip(differences, range(40), 3)
