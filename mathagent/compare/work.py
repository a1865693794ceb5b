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
    """Means over the problems of the mean of a problem's counted samples; nothing that neither run has measured.

    Tokens and seconds as a ratio, where no resample of the first run is without any; rounds as a difference.
    """
    found = []
    units = units_of(pairs)
    for name, unit, value in _WORK:
        one = [_mean(each.first, value) for each in pairs]
        other = [_mean(each.second, value) for each in pairs]
        if any(one) or any(other):
            found.append(_compared(name, unit, one, other, units, seed))
    return found


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
