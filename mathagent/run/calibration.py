"""How far a verifier's probabilities can be trusted, where the right verdict is known.

Brier score: mean squared difference of probability and truth (Brier 1950). ECE: the expected calibration error, over
equal bins (Guo et al. 2017, arXiv 1706.04599). AUROC: the chance that a right solution has a higher probability than a
wrong one, equal ones counting half (Mann-Whitney). A base rate beside them says what knowing nothing would give.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from pydantic import BaseModel

from mathagent.roles import VERDICTS
from mathagent.run.rows import Row
from mathagent.run.verdicts import target_of

BINS = 10
LOW_MASS = 0.5
"""Probability on the options of a choice below which the model wanted to say something else."""

Known = tuple[float, bool]
"""A probability, and whether it came true."""


class Bin(BaseModel):
    """The verdicts whose probability is from `low` up to `high`: how many, their mean, and the share that came true."""

    low: float
    high: float
    count: int
    mean: float
    share: float


class Bias(BaseModel):
    """What the order of two solutions does. pairs: asked in both orders.

    first: mean probability that the first is better; 0.5 without bias. flips: share of pairs whose verdict follows the
    order.
    """

    pairs: int
    first: float
    flips: float


class Calibration(BaseModel):
    """What is known of a verifier's probabilities.

    verdicts: in all; known: those whose right verdict is known, over which brier, ece, auroc (None unless both kinds
    are there), accuracy (at 0.5) and base_rate (the share that is true) are taken; None where none is known.
    low_mass: verdicts whose options had less than half of the probability: the model wanted to say something else.
    """

    verdicts: int
    known: int
    brier: float | None = None
    ece: float | None = None
    auroc: float | None = None
    accuracy: float | None = None
    base_rate: float | None = None
    bins: list[Bin] = []
    low_mass: int = 0
    bias: Bias | None = None


def calibration_of(rows: Sequence[Row], role: str) -> Calibration:
    """The calibration of a verification's rows: of the probability of the first option, or of the chosen of several."""
    judged = [row for row in rows if row.choice_probabilities and row.predicted_answer is not None]
    pairs = [pair for row in judged if (pair := _known(row, role)) is not None]
    found = Calibration(
        verdicts=len(judged),
        known=len(pairs),
        low_mass=sum((row.choice_mass or 0.0) < LOW_MASS for row in judged),
        bias=_bias(judged) if role == "pairwise" else None,
    )
    if pairs:
        found.brier, found.ece, found.auroc = brier(pairs), ece(pairs), auroc(pairs)
        found.accuracy = fmean((score >= 0.5) == true for score, true in pairs)
        found.base_rate = fmean(true for _, true in pairs)
        found.bins = reliability(pairs)
    return found


def brier(pairs: Sequence[Known]) -> float:
    """The mean squared difference."""
    return fmean((score - true) ** 2 for score, true in pairs)


def reliability(pairs: Sequence[Known], bins: int = BINS) -> list[Bin]:
    """The bins that are not empty, in order; a probability on a border belongs to the bin above, 1 to the last."""
    members: list[list[Known]] = [[] for _ in range(bins)]
    for score, true in pairs:
        members[min(bins - 1, int(score * bins))].append((score, true))
    return [
        Bin(
            low=place / bins,
            high=(place + 1) / bins,
            count=len(each),
            mean=fmean(score for score, _ in each),
            share=fmean(true for _, true in each),
        )
        for place, each in enumerate(members)
        if each
    ]


def ece(pairs: Sequence[Known], bins: int = BINS) -> float:
    """The mean distance between a bin's mean probability and its share, weighted by its size."""
    return sum(each.count * abs(each.mean - each.share) for each in reliability(pairs, bins)) / len(pairs)


def auroc(pairs: Sequence[Known]) -> float | None:
    """The area under the ROC curve; None where all or none came true."""
    ordered = sorted(pairs)
    positive = sum(true for _, true in pairs)
    negative = len(pairs) - positive
    if not positive or not negative:
        return None
    ranks, start = 0.0, 0  # the sum of the true ones' ranks; equal scores share their mean rank
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end][0] == ordered[start][0]:
            end += 1
        ranks += (start + end + 1) / 2 * sum(true for _, true in ordered[start:end])
        start = end
    return (ranks - positive * (positive + 1) / 2) / (positive * negative)


def _known(row: Row, role: str) -> Known | None:
    if row.expected_answer is None:
        return None
    if role == "select":
        return max(row.choice_probabilities[0]), row.predicted_answer in row.golds
    if row.reward_model_score is None:
        return None
    return row.reward_model_score, row.expected_answer == VERDICTS[role][0]


def _bias(rows: Sequence[Row]) -> Bias | None:
    """Over the pairs that were asked in both orders; several samples of one order are averaged."""
    asked: dict[tuple[str, tuple[int, ...]], list[float]] = {}
    for row in rows:
        target = target_of(row.extra)
        if row.reward_model_score is not None and target is not None and len(target.samples) == 2:
            asked.setdefault((target.id, target.samples), []).append(row.reward_model_score)
    means = {key: fmean(scores) for key, scores in asked.items()}
    both = [
        (means[id, (one, other)], means[id, (other, one)])
        for id, (one, other) in means
        if one < other and (id, (other, one)) in means
    ]
    if not both:
        return None
    return Bias(
        pairs=len(both),
        first=fmean(fmean(pair) for pair in both),
        flips=fmean((forward >= 0.5) == (backward >= 0.5) for forward, backward in both),
    )
