"""Times of day, ratios, numbers in a base: 12:00 is not 1:00, 2:4 is 1:2, 1011_2 is not 1011_3."""

from __future__ import annotations

import re
from fractions import Fraction

from mathagent.grading.clean import without_text
from mathagent.grading.quantity import read_quantity

_TIME = re.compile(
    r"^(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*(am|pm|a\.?\s?m\.?|p\.?\s?m\.?)?\.?$", re.IGNORECASE
)
_RATIO = re.compile(r"^\d+(?:\.\d+)?(?:\s*:\s*\d+(?:\.\d+)?)+$|^\d+(?:\.\d+)?\s+to\s+\d+(?:\.\d+)?$")
_BASED = re.compile(r"^\(?([0-9A-Z]+)\)?_\{?\s*(\d{1,2}|[a-z]+)\s*\}?$")
_BASES = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
    "sixteen": 16,
}  # fmt: skip


def same_scale(mine: str, known: str) -> bool | None:
    """Compare where one of the two is a time, a ratio or a number in a base; None where neither is."""
    if ":" in mine or ":" in known or " to " in mine or " to " in known:
        return _same_time(mine, known)
    return _same_based(mine, known) if "_" in mine or "_" in known else None


def _same_time(mine: str, known: str) -> bool | None:
    times = [_read_time(text) for text in (mine, known)]
    if times[0] and times[1]:
        (one, first), (other, second) = times[0], times[1]
        if first and second:
            return one == other
        return (one[0] % 12, *one[1:]) == (other[0] % 12, *other[1:])
    ratios = [_read_ratio(text) for text in (mine, known)]
    if not any(":" in text and not _RATIO.match(text) for text in (mine, known)) and None not in ratios:
        one_ratio, other_ratio = ratios[0] or (), ratios[1] or ()
        return len(one_ratio) == len(other_ratio) and all(
            x * other_ratio[0] == y * one_ratio[0] for x, y in zip(one_ratio, other_ratio, strict=True)
        )
    return False if any(_RATIO.match(text) for text in (mine, known)) else None


def _read_time(text: str) -> tuple[tuple[int, int, int], bool] | None:
    """Hours (of 24 where the half of the day is known), minutes, seconds; and whether the half is known."""
    found = _TIME.match(without_text(text))
    if found is None or not (found[2] or found[4]):
        return None
    hours, half = int(found[1]), (found[4] or "").lower()[:1]
    if half:
        hours = hours % 12 + (12 if half == "p" else 0)
    return (hours, int(found[2] or 0), int(found[3] or 0)), bool(half) or hours > 12


def _read_ratio(text: str) -> tuple[Fraction, ...] | None:
    if _RATIO.match(text):
        parts = tuple(Fraction(part) for part in re.split(r"\s*:\s*|\s+to\s+", text))
        return parts if all(parts) else None
    quantity = read_quantity(text)
    return (quantity.value, Fraction(1)) if quantity and quantity.value else None


def _same_based(mine: str, known: str) -> bool | None:
    answer, gold = _read_based(mine), _read_based(known)
    if answer is None and gold is None:
        return None
    if answer and gold:
        return answer[1] == gold[1]
    if gold and mine == gold[0]:  # the base was in the question
        return True
    quantity, value = read_quantity(mine if gold else known), (gold or answer or ("", 0))[1]
    return quantity.value == value if quantity else None


def _read_based(text: str) -> tuple[str, int] | None:
    """Digits and value."""
    found = _BASED.match(without_text(re.sub(r"\\text\s*\{([^{}]*)\}", r"\1", text)))
    if found is None:
        return None
    base = int(found[2]) if found[2].isdigit() else _BASES.get(found[2], 0)
    if not 2 <= base <= 36 or any(int(digit, 36) >= base for digit in found[1]):
        return None
    return found[1], int(found[1], base)
