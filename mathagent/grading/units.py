"""Units as people write them after a number, and their factors within one kind. A short list on purpose."""

from __future__ import annotations

import re
from fractions import Fraction

# name -> (kind, factor)
_FACTORS: dict[str, tuple[str, Fraction]] = {}


def _define(kind: str, **factors: str) -> None:
    for name, factor in factors.items():
        _FACTORS[name] = (kind, Fraction(factor))


_define("money", dollar="1", usd="1", cent="1/100", buck="1")
_define(
    "time", second="1", sec="1", s="1", minute="60", min="60", hour="3600", hr="3600", h="3600", day="86400"
)
_define("time", week="604800")
_define("length", mm="1/1000", cm="1/100", m="1", km="1000", meter="1", metre="1", centimeter="1/100")
_define("length", millimeter="1/1000", kilometer="1000", centimetre="1/100", kilometre="1000")
_define(
    "imperial length",
    inch="1",
    inche="1",
    foot="12",
    feet="12",
    ft="12",
    yard="36",
    yd="36",
    mile="63360",
    mi="63360",
)
_define("mass", mg="1/1000", g="1", gram="1", kg="1000", kilogram="1000", ton="1000000", tonne="1000000")
_define("imperial mass", ounce="1", oz="1", pound="16", lb="16")
_define("volume", ml="1/1000", l="1", liter="1", litre="1", milliliter="1/1000")
_define("angle", degree="1")
_define("speed", mph="1")

SCALES = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
}
_NO_UNITS = {
    "pi",
    "sin",
    "cos",
    "tan",
    "cot",
    "sec",
    "csc",
    "log",
    "exp",
    "mod",
    "and",
    "sqrt",
    "choose",
    "inf",
}
_NO_UNITS |= {
    "infty",
    "times",
    "over",
    "squared",
    "cubed",
    "out",
    "plus",
    "minus",
    "divided",
    "root",
    "remainder",
}
_SYMBOLS = {"$": "dollar", "€": "euro", "£": "pound sterling", "¥": "yen", "₹": "rupee", "元": "yuan"}
CURRENCIES = "".join(_SYMBOLS)


def read_unit(words: str) -> str | None:
    """A canonical name of the unit that the words are; "" for no words, None where they are no unit."""
    words = words.strip().rstrip(".")
    if not words:
        return ""
    if words in _SYMBOLS:
        return _SYMBOLS[words]
    if words in ("^\\circ", "\\circ"):
        return "degree"
    power = re.search(r"(?:\^\s*\{?|(?<=[a-z]))([23])\}?$", words)
    base = words[: power.start()] if power else words
    names = [_singular(word) for word in re.findall(r"[^\W\d_]+", base)]
    if (
        not names
        or re.search(r"[^\w\s.,/'()%-]|\d", base)
        or any(name.lower() in _NO_UNITS for name in names)
    ):
        return None
    if any(
        len(name) < 3 and name not in _FACTORS and name not in ("of", "in", "to", "a", "an", "sq")
        for name in names
    ):
        return None
    canonical = " ".join("square" if name == "sq" else name for name in names)
    return f"{canonical}^{power[1]}" if power else canonical


def _singular(word: str) -> str:
    if len(word) > 2 or word.isupper():
        word = word.lower()
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def factor_between(unit: str, other: str) -> Fraction | None:
    """How many `other` one `unit` is; None where they are different things."""
    if unit == other or set(unit.split()) <= set(other.split()) or set(other.split()) <= set(unit.split()):
        return Fraction(1)
    if unit in _FACTORS and other in _FACTORS and _FACTORS[unit][0] == _FACTORS[other][0]:
        return _FACTORS[unit][1] / _FACTORS[other][1]
    return None
