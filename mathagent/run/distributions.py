"""How the samples of a run spread: over rounds, tokens, time, endings, and how far the samples of a problem agree.

The accuracies and their intervals are `mathagent.run.metrics`'; this is what histograms are drawn from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import floor, log10

from pydantic import BaseModel

from mathagent.run.accuracy import clusters_of
from mathagent.run.rows import Row, Verdict
from mathagent.run.votes import Ballot, vote

_BINS = 20
_SHARES = ((0, 20), (20, 40), (40, 60), (60, 80), (80, 100))


class Bar(BaseModel):
    """One bar of a histogram: the samples (or problems) in it, by verdict.

    low, high: what it holds, `low <= x < high`; the same number twice for a single value, None where it is no number.
    """

    name: str
    low: float | None = None
    high: float | None = None
    correct: int = 0
    wrong: int = 0
    undecided: int = 0
    ungraded: int = 0


class Spent(BaseModel):
    """Mean seconds of a sample: in the model, in kernels, and the rest of its wall time (waiting, starting kernels)."""

    name: str
    samples: int
    model: float
    kernel: float
    other: float


class Distributions(BaseModel):
    """Histograms of all samples, failed and stopped ones as well.

    agreement counts problems with two votes or more, by the share of the votes that the winner has, with the winner's
    verdict; time has a line for all samples and one for each number of rounds.
    """

    rounds: list[Bar]
    tokens: list[Bar]
    finish: list[Bar]
    agreement: list[Bar]
    time: list[Spent]


def distributions(rows: Sequence[Row]) -> Distributions:
    """The histograms of a run's rows."""
    return Distributions(
        rounds=_counted(rows, lambda row: row.code_rounds_executed),
        tokens=_binned(rows, lambda row: row.num_generated_tokens),
        finish=_named(rows, lambda row: "stopped early" if row.stopped else row.finish_reason or "not given"),
        agreement=_agreement(rows),
        time=_time(rows),
    )


def _bar(name: str, verdicts: Iterable[Verdict], low: float | None = None, high: float | None = None) -> Bar:
    counts = Counter[str](verdicts)
    return Bar(name=name, low=low, high=high, **counts)


def _counted(rows: Sequence[Row], value: Callable[[Row], int]) -> list[Bar]:
    """A bar for every whole number from the least to the most, empty ones too."""
    values = [value(row) for row in rows]
    return [
        _bar(str(number), (row.verdict for row in rows if value(row) == number), number, number)
        for number in range(min(values, default=0), max(values, default=-1) + 1)
    ]


def _binned(rows: Sequence[Row], value: Callable[[Row], int]) -> list[Bar]:
    """Bars of one round width (1, 2 or 5 times a power of ten), at most 20 of them."""
    most = max((value(row) for row in rows), default=0)
    if most <= 0:
        return []
    width = _round_width(most)
    bins: dict[int, list[Verdict]] = {number: [] for number in range(most // width + 1)}
    for row in rows:
        bins[value(row) // width].append(row.verdict)
    return [
        _bar(f"{number * width} to {(number + 1) * width - 1}", each, number * width, (number + 1) * width)
        for number, each in bins.items()
    ]


def _round_width(most: int) -> int:
    least = most / _BINS
    power = 10 ** max(0, floor(log10(least))) if least > 1 else 1
    return next(power * step for step in (1, 2, 5, 10) if power * step * _BINS > most)


def _named(rows: Sequence[Row], name: Callable[[Row], str]) -> list[Bar]:
    """A bar for every name, the most frequent first."""
    names = Counter(name(row) for row in rows)
    return [_bar(each, (row.verdict for row in rows if name(row) == each)) for each, _ in names.most_common()]


def _agreement(rows: Sequence[Row]) -> list[Bar]:
    problems: dict[str, list[Row]] = {}
    for row in rows:
        if row.votes:
            problems.setdefault(row.id, []).append(row)
    found: dict[str, list[Verdict]] = {}
    for mine in problems.values():
        clusters = clusters_of(mine)
        ballots = [
            Ballot(row.sample, cluster)
            for row, cluster in zip(mine, clusters, strict=True)
            if cluster is not None
        ]
        outcome = vote(ballots)
        if outcome is None or len(ballots) < 2:
            continue
        winner = next(row for row, cluster in zip(mine, clusters, strict=True) if cluster == outcome.winner)
        found.setdefault(_share_name(100 * outcome.votes / len(ballots)), []).append(winner.verdict)
    names = [*(_share_name(low) for low, _ in _SHARES), _share_name(100)]
    return [_bar(name, found.get(name, ())) for name in names] if found else []


def _share_name(percent: float) -> str:
    if percent >= 100:
        return "all agree"
    low, high = next((low, high) for low, high in _SHARES if low <= percent < high)
    return f"{low} to {high - 1} %"


def _time(rows: Sequence[Row]) -> list[Spent]:
    if not any(row.seconds for row in rows):
        return []
    by_rounds: dict[int, list[Row]] = {}
    for row in rows:
        by_rounds.setdefault(row.code_rounds_executed, []).append(row)
    return [
        _spent("all", rows),
        *(
            _spent(f"{number} round{'' if number == 1 else 's'}", mine)
            for number, mine in sorted(by_rounds.items())
        ),
    ]


def _spent(name: str, rows: Sequence[Row]) -> Spent:
    model, kernel, wall = (
        sum(values) / len(rows)
        for values in (
            [row.generation_time for row in rows],
            [row.code_execution_time for row in rows],
            [row.seconds for row in rows],
        )
    )
    return Spent(
        name=name,
        samples=len(rows),
        model=round(model, 4),
        kernel=round(kernel, 4),
        other=round(max(0.0, wall - model - kernel), 4),
    )
