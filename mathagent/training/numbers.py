"""Numbers as they stand in problems and programs."""

from __future__ import annotations

import re
from fractions import Fraction

NUMBER = re.compile(r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|(?<![\w.])\.\d+")
"""A number in a text: 1,200 or 3.5 or .5."""


def exact(text: str) -> Fraction:
    """The value of a number as written, thousands separators allowed. Raises ValueError."""
    return Fraction(text.replace(",", "").replace("$", "").strip())


def written(value: Fraction) -> str:
    """A number as a program has it: an integer, or a decimal of at most six places; ValueError where it is neither."""
    if value.denominator == 1:
        return str(value.numerator)
    text = f"{float(value):.6f}".rstrip("0")
    if Fraction(text) != value:
        raise ValueError(f"{value} is no short decimal")
    return text


def same(printed: str, answer: str) -> bool:
    """Whether a printed number is the answer, but for the rounding of floats."""
    try:
        shown, wanted = float(printed), float(exact(answer))
    except (ValueError, OverflowError):
        return False
    return abs(shown - wanted) <= 1e-6 * max(1.0, abs(wanted))
