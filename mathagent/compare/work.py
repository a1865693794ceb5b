"""What samples of two runs take, side by side: tokens, code rounds, seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from statistics import fmean
from typing import Literal

from mathagent.compare.paired import difference_interval, ratio_interval
from mathagent.compare.pairing import Pair, units_of
from mathagent.compare.result import Work
from mathagent.run.rows import Row

Unit = Literal["tokens", "rounds", "seconds"]

_WORK: tuple[tuple[str, Unit, Callable[[Row], float]], ...] = (
    ("generated tokens", "tokens", lambda row: row.num_generated_tokens),
    ("code rounds", "rounds", lambda row: row.code_rounds_executed),
    ("seconds", "seconds", lambda row: row.seconds),
    ("seconds in the model", "seconds", lambda row: row.generation_time),
    ("seconds in kernels", "seconds", lambda row: row.code_execution_time),
)


def work_of(pairs: Sequence[Pair], seed: int) -> list[Work]:
    """Means over the problems of the mean of a problem's counted samples; nothing that one of the runs didn't measure.

    Tokens and seconds as a ratio, where no resample of the first run is without any; rounds as a difference. Of neither
    run's tokens and seconds can all be zero, but those in kernels where no code ran.
    """
    found = []
    units = units_of(pairs)
    idle = [
        not any(_mean(rows, lambda row: row.code_rounds_executed) for rows in side) for side in _sides(pairs)
    ]
    for name, unit, value in _WORK:
        one, other = ([_mean(rows, value) for rows in side] for side in _sides(pairs))
        kernels = name == "seconds in kernels"
        measured = [
            any(side) or unit == "rounds" or (kernels and still)
            for side, still in zip((one, other), idle, strict=True)
        ]
        if all(measured) and any((*one, *other)):
            found.append(_compared(name, unit, one, other, units, seed))
    return found


def _sides(pairs: Sequence[Pair]) -> tuple[list[list[Row]], list[list[Row]]]:
    return [each.first for each in pairs], [each.second for each in pairs]


def _compared(
    name: str, unit: Unit, one: Sequence[float], other: Sequence[float], units: Sequence[int], seed: int
) -> Work:
    first, second = fmean(one), fmean(other)
    ratio = difference = None
    interval = ratio_interval(one, other, units, seed) if unit != "rounds" and first else None
    if interval is not None and isfinite(interval.low) and isfinite(interval.high):
        ratio = round(second / first, 4)
    else:
        interval = difference_interval([b - a for a, b in zip(one, other, strict=True)], units, seed)
        difference = round(second - first, 4)
    return Work(
        name=name,
        unit=unit,
        first=round(first, 4),
        second=round(second, 4),
        ratio=ratio,
        difference=difference,
        ci_low=round(interval.low, 4),
        ci_high=round(interval.high, 4),
    )


def _mean(rows: Sequence[Row], value: Callable[[Row], float]) -> float:
    return fmean(value(row) for row in rows if row.counted)
