"""What k samples of one problem would score, estimated from the n that there are; and intervals around means.

All estimates are the mean over the subsets of k of the n samples: exact by counting where that is possible, else over a
fixed number of random subsets with a fixed seed. At k = n there is one subset, and nothing random.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mathagent.run.votes import Ballot, vote

_SUBSETS = 200
_RESAMPLES = 2000
_CHUNK = 1 << 20  # cells of a resampling table at a time
_Z = 1.959963984540054  # the normal distribution's quantile at 97.5 %

Floats = NDArray[np.float64]


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
    """The chance that the answer voted by k of the samples is correct, by the vote of `mathagent.run.votes`.

    `weighted`: votes weigh their scores, which are added as they are (`rm_majority@k`).
    """
    samples = sorted(samples, key=lambda sample: sample.number)
    if k >= len(samples):
        ballots = [
            Ballot(sample.number, sample.cluster, _weight(sample) if weighted else 1.0)
            for sample in samples
            if sample.cluster is not None
        ]
        outcome = vote(ballots)
        return float(outcome is not None and _right(samples, outcome.winner))
    clusters = sorted({sample.cluster for sample in samples if sample.cluster is not None})
    if not clusters:
        return 0.0
    right = np.array([_right(samples, number) for number in clusters])
    if right.all() or not right.any():
        return _share_with_answer(samples, k) * float(right[0])
    return _sampled_majority(samples, clusters, right, k, weighted)


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


def interval(values: Floats, units: Sequence[int], seed: int = 0) -> Interval:
    """The interval of the mean of one value a problem: Wilson's where each is 0 or 1, else a bootstrap over problems.

    Args:
        values: one a problem, from 0 to 1.
        units: what is drawn together: the same number for problems that are one problem in several forms.
        seed: of the bootstrap (percentile method, 2000 resamples).
    """
    numbers, unit_of = np.unique(np.asarray(units), return_inverse=True)
    if len(numbers) == len(values) and np.isin(values, (0.0, 1.0)).all():
        return wilson(int(values.sum()), len(values))
    totals = np.bincount(unit_of, weights=values)
    sizes = np.bincount(unit_of).astype(np.float64)
    count = len(numbers)
    generator = np.random.default_rng(seed)
    means: list[Floats] = []
    left = _RESAMPLES
    while left > 0:
        rows = max(1, min(left, _CHUNK // count))
        drawn = generator.integers(0, count, size=(rows, count))
        means.append(totals[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
        left -= rows
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    return Interval(float(low), float(high), "bootstrap over problems")


def _sampled_majority(
    samples: Sequence[Sample], clusters: Sequence[int], right: NDArray[np.bool_], k: int, weighted: bool
) -> float:
    n = len(samples)
    place = {number: column for column, number in enumerate(clusters)}
    votes = np.zeros((n, len(clusters)))
    for index, sample in enumerate(samples):
        if sample.cluster is not None:
            votes[index, place[sample.cluster]] = _weight(sample) if weighted else 1.0
    cast = np.zeros((n, len(clusters)), dtype=bool)
    for index, sample in enumerate(samples):
        if sample.cluster is not None:
            cast[index, place[sample.cluster]] = True
    generator = np.random.default_rng(n * 1000 + k)
    subsets = np.sort(np.argsort(generator.random((_SUBSETS, n)), axis=1)[:, :k], axis=1)
    weights = votes[subsets].sum(axis=1)
    present = cast[subsets]
    first = np.where(present.any(axis=1), present.argmax(axis=1), n)
    weights[first == n] = -np.inf  # a cluster without a vote can't win, not even against negative scores
    tied = weights == weights.max(axis=1, keepdims=True)
    winner = np.where(tied, first, n + 1).argmin(axis=1)
    return float((right[winner] & (first.min(axis=1) < n)).mean())


def _share_with_answer(samples: Sequence[Sample], k: int) -> float:
    return pass_at(len(samples), sum(sample.cluster is not None for sample in samples), k)


def _right(samples: Sequence[Sample], cluster: int) -> bool:
    """Whether a cluster's answer is correct: as most of its samples are, should a grader differ between equal ones."""
    verdicts = [sample.correct for sample in samples if sample.cluster == cluster]
    return 2 * sum(verdicts) > len(verdicts) or (2 * sum(verdicts) == len(verdicts) and verdicts[0])


def _weight(sample: Sample) -> float:
    return 0.0 if sample.score is None else sample.score
