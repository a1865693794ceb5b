"""Statistics of pairs: McNemar's exact test, a sign-flip test, Holm's correction, paired bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence

from mathagent.run.estimates import Interval, resampled

_EXACT = 12  # pairs whose signs are all tried; beyond that they are drawn
_DRAWS = 10_000
_CHUNK = 1 << 20
_METHOD = "paired bootstrap over problems"


def mcnemar(gained: int, lost: int) -> float:
    """The two-sided p value of McNemar's exact test: that so few of the pairs that differ differ in one direction.

    Under the hypothesis of no difference each of the gained + lost pairs goes either way like a fair coin; p is twice
    the binomial tail of the smaller count, at most 1 (McNemar 1947; exact form: Fay 2010). 1.0 without such pairs.
    """
    if gained < 0 or lost < 0:
        raise ValueError("counts can't be negative")
    trials = gained + lost
    ways = term = 1
    for heads in range(min(gained, lost)):
        term = term * (trials - heads) // (heads + 1)
        ways += term
    return min(1.0, 2 * ways / (1 << trials))


def sign_flip(differences: Sequence[float], units: Sequence[int], seed: int = 0) -> float:
    """The two-sided p value of the paired sign-flip test on the mean difference (Fisher's randomisation test).

    Exact up to 12 units that differ; else over 10,000 seeded draws, the observed one counted among them.

    Args:
        differences: one a problem.
        units: what changes its sign together: the same number for problems that are one problem in several forms.
        seed: of the draws.
    """
    import numpy as np

    _, unit_of = np.unique(np.asarray(units), return_inverse=True)
    sums = np.bincount(unit_of, weights=differences)
    sums = sums[np.abs(sums) > 1e-12]
    count = len(sums)
    if count == 0:
        return 1.0
    wanted = abs(float(sums.sum())) - 1e-9
    if count <= _EXACT:
        signs = 1 - 2 * ((np.arange(1 << count)[:, None] >> np.arange(count)) & 1)
        return float((np.abs(signs @ sums) >= wanted).mean())
    generator = np.random.default_rng(seed)
    hits, left = 1, _DRAWS
    while left > 0:
        rows = max(1, min(left, _CHUNK // count))
        drawn = 1 - 2 * generator.integers(0, 2, size=(rows, count), dtype=np.int8)
        hits += int((np.abs(drawn @ sums) >= wanted).sum())
        left -= rows
    return hits / (_DRAWS + 1)


def holm(values: Sequence[float]) -> list[float]:
    """Correct p values for being several (Holm 1979): the chance of one false finding among all stays below p."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    corrected = [0.0] * len(values)
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[place]))
        corrected[place] = highest
    return corrected


def difference_interval(differences: Sequence[float], units: Sequence[int], seed: int = 0) -> Interval:
    """The 95 % interval of a mean difference: a seeded bootstrap over problems, percentile method."""
    import numpy as np

    sums = resampled((differences, [1.0] * len(differences)), units, seed)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], (0.025, 0.975))
    return Interval(float(low), float(high), _METHOD)


def ratio_interval(
    first: Sequence[float], second: Sequence[float], units: Sequence[int], seed: int = 0
) -> Interval:
    """The same for the ratio of two means, second to first; not finite where the first mean can be 0."""
    import numpy as np

    sums = resampled((first, second), units, seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.quantile(sums[:, 1] / sums[:, 0], (0.025, 0.975))
    return Interval(float(low), float(high), _METHOD)
