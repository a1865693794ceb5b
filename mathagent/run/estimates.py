"""What k samples of one problem would score, estimated from the n that there are; and intervals around means.

All estimates are the mean over the draws of k of the n samples: exact by counting where that is possible, else over 200
random draws with a fixed seed. At k = n there is one draw, and nothing random.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from mathagent.run.votes import Ballot, vote

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Floats = NDArray[np.float64]

_DRAWS = 200
_RESAMPLES = 1000
_CHUNK = 1 << 20  # cells of a resampling table at a time
_Z = 1.959963984540054  # the normal distribution's quantile at 97.5 %


@dataclass(frozen=True, slots=True)
class Sample:
    """What counts of one sample. cluster: its answer's; None without an answer. score: a reward or a weight."""

    number: int
    correct: bool
    cluster: int | None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval and how it was made."""

    low: float
    high: float
    method: str


def pass_at(n: int, correct: int, k: int) -> float:
    """The chance that one of k of n samples is correct: 1 - C(n - c, k) / C(n, k), arXiv 2107.03374."""
    if not 1 <= k <= n:
        raise ValueError(f"k must be from 1 to {n}")
    return 1.0 - math.comb(n - correct, k) / math.comb(n, k)


def majority_at(samples: Sequence[Sample], k: int, *, weighted: bool = False) -> float:
    """The chance that the answer voted by k of the samples is correct.

    At k = n the vote is that of `mathagent.run.votes`; in smaller draws, which have no order, tied answers share.
    `weighted`: votes weigh their scores, which are added as they are (`rm_majority@k`).
    """
    samples = sorted(samples, key=lambda sample: sample.number)
    right = _right(samples)
    if k >= len(samples):
        ballots = [
            Ballot(sample.number, sample.cluster, _weight(sample) if weighted else 1.0)
            for sample in samples
            if sample.cluster is not None
        ]
        outcome = vote(ballots)
        return float(outcome is not None and right[outcome.winner])
    if not any(right.values()):
        return 0.0
    if all(right.values()):
        return pass_at(len(samples), sum(sample.cluster is not None for sample in samples), k)
    return _drawn_majority(samples, right, k, weighted)


def best_at(samples: Sequence[Sample], k: int) -> float:
    """The chance that the best-scored answer among k of the samples is correct; of equal scores the first sample's.

    A sample without an answer is never chosen.
    """
    ranked = sorted(
        (sample for sample in samples if sample.cluster is not None),
        key=lambda sample: (-_weight(sample), sample.number),
    )
    n = len(samples)
    k = min(k, n)
    chances = [math.comb(n - 1 - rank, k - 1) / math.comb(n, k) for rank in range(len(ranked))]
    return math.fsum(chance for chance, sample in zip(chances, ranked, strict=True) if sample.correct)


def wilson(correct: int, total: int) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927); it is never empty, not even at 0 or 1."""
    if total < 1:
        raise ValueError("an interval needs at least one observation")
    share, squared = correct / total, _Z * _Z
    middle = (share + squared / (2 * total)) / (1 + squared / total)
    half = _Z / (1 + squared / total) * math.sqrt(share * (1 - share) / total + squared / (4 * total * total))
    return Interval(max(0.0, middle - half), min(1.0, middle + half), "Wilson")


def interval(values: Sequence[float], units: Sequence[int], seed: int = 0) -> Interval:
    """The interval of the mean of one value a problem: Wilson's where each is 0 or 1, else a bootstrap over problems.

    Args:
        values: one a problem, from 0 to 1.
        units: what is drawn together: the same number for problems that are one problem in several forms.
        seed: of the bootstrap (percentile method, 1000 resamples).
    """
    if len(set(units)) == len(values) and all(value in (0.0, 1.0) for value in values):
        return wilson(int(sum(values)), len(values))
    import numpy as np  # here: every command would wait for it

    sums = resampled((values, [1.0] * len(values)), units, seed)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], (0.025, 0.975))
    return Interval(float(low), float(high), "bootstrap over problems")


def resampled(columns: Sequence[Sequence[float]], units: Sequence[int], seed: int = 0) -> Floats:
    """The sums of columns in 1000 bootstrap resamples of problems: a row for each resample, a column for each column.

    Args:
        columns: each has one value a problem; all of a problem are drawn together, which pairs them.
        units: what is drawn together: the same number for problems that are one problem in several forms.
        seed: of the draws.
    """
    import numpy as np

    _, unit_of = np.unique(np.asarray(units), return_inverse=True)
    totals = np.stack([np.bincount(unit_of, weights=column) for column in columns])
    count = totals.shape[1]
    generator = np.random.default_rng(seed)
    sums = []
    left = _RESAMPLES
    while left > 0:
        rows = max(1, min(left, _CHUNK // count))
        drawn = generator.integers(0, count, size=(rows, count))
        sums.append(np.stack([total[drawn].sum(axis=1) for total in totals], axis=1))
        left -= rows
    return np.concatenate(sums)


def _drawn_majority(samples: Sequence[Sample], right: Mapping[int, bool], k: int, weighted: bool) -> float:
    """The mean over random draws of the share of correct answers among those with the most votes."""
    import numpy as np

    place = {number: column for column, number in enumerate(right)}
    nobody = len(place)  # the column of samples without an answer
    columns = np.array([nobody if each.cluster is None else place[each.cluster] for each in samples])
    drawn = _orders(len(samples))[:, :k]
    cells = columns[drawn] + np.arange(_DRAWS)[:, None] * (nobody + 1)
    size = _DRAWS * (nobody + 1)
    votes = np.bincount(cells.ravel(), minlength=size).reshape(_DRAWS, -1)[:, :nobody]
    weights = np.array([_weight(each) if weighted else 1.0 for each in samples])
    tally = np.bincount(cells.ravel(), weights[drawn].ravel(), size).reshape(_DRAWS, -1)[:, :nobody]
    tally[votes == 0] = -np.inf  # an answer without a vote can't win, not even against negative scores
    first = (tally == tally.max(axis=1, keepdims=True)) & (votes > 0)
    correct = (first & np.array(list(right.values()))).sum(axis=1)
    return float((correct / np.maximum(1, first.sum(axis=1))).mean())


@lru_cache(maxsize=64)
def _orders(n: int) -> Integers:
    """Random orders of n samples, one a row; the beginning of a row is a draw. The same for every problem and run."""
    import numpy as np

    return np.argsort(np.random.default_rng(n).random((_DRAWS, n)), axis=1)


def _right(samples: Sequence[Sample]) -> dict[int, bool]:
    """Whether each cluster's answer is correct: as most of its samples are, should a grader differ between equal ones.

    Of two halves the sample with the lowest number decides.
    """
    verdicts: dict[int, list[bool]] = {}
    for sample in samples:
        if sample.cluster is not None:
            verdicts.setdefault(sample.cluster, []).append(sample.correct)
    return {
        cluster: 2 * sum(found) > len(found) or (2 * sum(found) == len(found) and found[0])
        for cluster, found in verdicts.items()
    }


def _weight(sample: Sample) -> float:
    return 0.0 if sample.score is None else sample.score
