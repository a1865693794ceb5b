"""Plain numbers read exactly (integers, decimals, fractions, mixed, scientific, percent, currency, units), compared.

Exact arithmetic on bounded input, without sympy: most answers are decided here in microseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from mathagent.grading.clean import without_text
from mathagent.grading.units import CURRENCIES, SCALES, factor_between, read_unit


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written.

    decimals: digits after the point where it is a decimal number, None where it is exact (an integer, a fraction).
    figures: significant digits of a decimal number.
    percent: a percent sign or the word came after it; `value` is the number before it.
    unit: canonical unit, "" for none. name: the variable it was assigned to, "" for none.
    letter: the unit is a single letter right after the number, and may be a variable: 3m.
    """

    value: Fraction
    decimals: int | None = None
    figures: int = 0
    percent: bool = False
    unit: str = ""
    name: str = ""
    letter: bool = False


_GROUPED = r"\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+(?![\d/])"
_DECIMAL = rf"(?:(?:{_GROUPED}|\d+)(?:\.\d*)?|\.\d+)"
_SIGN = r"[-+]?\s*"
_DOTS = r"(?:\\ldots|\.\.\.+|…)"
_NUMBER = re.compile(
    rf"(?P<sign>{_SIGN})(?:"
    rf"(?P<whole>\d+)\s*(?:\s|(?=\\frac))(?:\+\s*)?(?:\\frac\{{(?P<mn>\d+)\}}\{{(?P<md>\d+)\}}|(?P<mn2>\d+)/(?P<md2>\d+))"
    rf"|\\frac\s*\{{\s*(?P<n>{_SIGN}{_DECIMAL})\s*\}}\s*\{{\s*(?P<d>{_SIGN}{_DECIMAL})\s*\}}"
    rf"|\(?(?P<n2>{_DECIMAL})\s*/\s*(?P<d2>{_DECIMAL})\)?"
    rf"|(?P<rep>\d*)\.(?P<fixed>\d*)\\(?:overline|bar|dot)\{{(?P<cycle>\d+)\}}"
    rf"|(?P<going>\d*\.\d+){_DOTS}"
    rf"|(?P<m>{_DECIMAL})\s*(?:[eE](?P<e>[-+]?\d{{1,3}})|(?:\\times|\\cdot|\*|x)\s*10\s*(?:\^|\*\*)\s*\{{?\(?(?P<e2>[-+]?\d{{1,3}})\)?\}}?)?"
    rf")"
)
_POWER_OF_TEN = re.compile(
    rf"(?P<sign>{_SIGN})10\s*(?:\^|\*\*)\s*(?:\{{\s*([-+]?\d{{1,3}})\s*\}}|\(\s*([-+]?\d{{1,3}})\s*\)|(\d{{1,3}}))"
)
_REPEATING = re.compile(r"(?:(\d{2,6}?)\1+|(\d)\2{2,})$")
_NAME = re.compile(r"^(\\?[a-zA-Z](?:_\{?\w+\}?)?(?:\([a-z]\))?)\s*=\s*(?=[^=])")
_ORDINAL = re.compile(r"^\s*(?:\^\s*\{?\s*)?(?:\\(?:text|mathrm)\s*\{)?(?:st|nd|rd|th)\}?\}?(?![a-zA-Z])")
_PERCENT = re.compile(r"^(?:\\?%|percent(?:age)?\b(?: points?)?|pct\b)\s*", re.IGNORECASE)
_SCALE = re.compile(r"(百万|千万|[百千万亿])|([a-z]+?)s?\b\s*")


@lru_cache(maxsize=4096)
def read_quantity(text: str) -> Quantity | None:
    """Read a cleaned text as one number; None where it is anything else."""
    name = ""
    if found := _NAME.match(text):
        name, text = found[1].lstrip("\\"), text[found.end() :]
    text = text.strip()
    sign, currency = "", ""
    if text[:1] in "\\$€£¥₹-+U" and (
        found := re.match(
            rf"({_SIGN})(?:(?:\\text\s*\{{)?\\?([{CURRENCIES}])\}}?|(?:USD|US\$|RMB)(?=\s|\d))\s*(.*)$", text
        )
    ):
        sign, currency, text = found[1].strip(), read_unit(found[2] or "$") or "", found[3]
    if found := _POWER_OF_TEN.match(text):
        exponent = int(found[2] or found[3] or found[4])
        value: Quantity | None = Quantity((-1 if "-" in found["sign"] else 1) * Fraction(10) ** exponent)
    elif found := _NUMBER.match(text):
        value = _value(found)
    if found is None or value is None:
        return None
    if sign == "-":
        value = replace(value, value=-value.value)
    return _with_tail(replace(value, name=name, unit=currency), text[found.end() :])


def _with_tail(number: Quantity, tail: str) -> Quantity | None:
    """Add what stands after the number: a percent sign, a scale word, a unit. None if it is something else."""
    if not tail:
        return number
    if number.decimals is None:
        tail = _ORDINAL.sub("", tail)
    letter = len(tail) == 1 and tail.isalpha() and tail.isascii()
    tail = re.sub(r"^\{([a-zA-Z ]+)\}", r"\\text{\1}", tail.strip())  # 10{liters}
    had_text = "\\text" in tail or "\\mathrm" in tail or "\\mbox" in tail
    tail = re.sub(r"^\\(?=[%$])", "", without_text(" " + tail))
    if had_text or not tail.startswith("("):
        if found := _PERCENT.match(tail):
            number, tail = replace(number, percent=True), tail[found.end() :]
        number, tail = _scaled(number, tail)
    unit = read_unit(tail)
    if unit is None:
        return None
    return replace(number, unit=unit or number.unit, letter=letter)


def _scaled(number: Quantity, tail: str) -> tuple[Quantity, str]:
    found = _SCALE.match(tail)
    word = found and (found[1] or found[2])
    if found is None or word not in SCALES or tail.startswith(("千米", "千克")):
        return number, tail
    scale = SCALES[word]
    decimals = number.decimals and max(0, number.decimals - len(str(scale)) + 1)
    return replace(number, value=number.value * scale, decimals=decimals or None), tail[found.end() :]


def _value(found: re.Match[str]) -> Quantity | None:
    groups, sign = found.groupdict(), -1 if "-" in found["sign"] else 1
    try:
        if groups["whole"] is not None:
            numerator, denominator = groups["mn"] or groups["mn2"], groups["md"] or groups["md2"]
            return Quantity(sign * (int(groups["whole"]) + Fraction(int(numerator), int(denominator))))
        if groups["n"] is not None or groups["n2"] is not None:
            top, bottom = _decimal(groups["n"] or groups["n2"]), _decimal(groups["d"] or groups["d2"])
            return Quantity(sign * top.value / bottom.value)
    except ZeroDivisionError:
        return None
    if groups["cycle"] is not None:
        return _repeating(groups["rep"], groups["fixed"], groups["cycle"], sign)
    if groups["going"] is not None:
        whole, _, part = groups["going"].partition(".")
        if cycle := _REPEATING.search(part):
            return _repeating(whole, part[: cycle.start()], cycle[1] or cycle[2], sign)
        return None
    number = _decimal(groups["m"])
    exponent = int(groups["e"] or groups["e2"] or 0)
    decimals = None if number.decimals is None else number.decimals - exponent
    return Quantity(sign * number.value * Fraction(10) ** exponent, decimals, number.figures)


def _repeating(whole: str, fixed: str, cycle: str, sign: int) -> Quantity:
    begin = Fraction(int(whole + fixed or "0"), 10 ** len(fixed))
    return Quantity(sign * (begin + Fraction(int(cycle), (10 ** len(cycle) - 1) * 10 ** len(fixed))))


def _decimal(text: str) -> Quantity:
    sign = -1 if text.lstrip().startswith("-") else 1
    whole, point, part = text.lstrip("+- ").replace(",", "").replace(" ", "").partition(".")
    value = sign * Fraction(int(whole + part or "0"), 10 ** len(part))
    return Quantity(value, len(part) if point and part else None, len((whole + part).lstrip("0")))


def same_quantity(answer: Quantity, gold: Quantity) -> bool | None:
    """Whether two numbers mean the same: a percent sign or a unit may be missing on one side, but not differ.

    None where that is not for arithmetic to say: 3m against 3.
    """
    if answer.name and gold.name and answer.name != gold.name:
        return False
    if answer.unit and gold.unit:
        factor = factor_between(answer.unit, gold.unit)
        if factor is None:
            return None if answer.letter and gold.letter else False
        answer = replace(answer, value=answer.value * factor)
    elif answer.letter or gold.letter:
        return None
    if answer.percent == gold.percent:
        return same_number(answer, gold)
    if (answer.unit and not answer.percent) or (gold.unit and not gold.percent):
        return False  # $5 is not 5%
    # 50% was asked for and 50 is given, or the other way round; or one gives the fraction that it is.
    parts = [
        replace(q, value=q.value / 100, decimals=_shifted(q)) if q.percent else q for q in (answer, gold)
    ]
    bare = gold if answer.percent else answer
    return (abs(bare.value) >= 1 and same_number(answer, gold)) or same_number(*parts)


def _shifted(number: Quantity) -> int | None:
    return None if number.decimals is None else number.decimals + 2


_FIGURES_OF_ANSWER = 6  # significant digits of a decimal answer that stands for an exact number
_FIGURES_OF_GOLD = 4  # and of a decimal gold that an exact answer may round to


def same_number(answer: Quantity, gold: Quantity) -> bool:
    """Equal as exact numbers, or one is the other rounded to a decimal number of enough significant digits.

    An answer of at least six digits may stand for an exact gold; a gold of at least four may stand for an exact
    answer, or for one with far more digits.
    """
    if answer.value == gold.value:
        return True
    if answer.decimals is None and gold.decimals is None:
        return False
    difference = abs(answer.value - gold.value)
    figures = max(q.figures if q.decimals is not None else 0 for q in (answer, gold))
    if figures >= 11:  # long decimals: let the noise of floating-point arithmetic pass
        noise = Fraction(1, 10 ** min(figures - 1, 12))
        if difference <= noise * max(abs(answer.value), abs(gold.value)):
            return True
    coarse, fine = sorted((answer, gold), key=lambda q: 10**6 if q.decimals is None else q.decimals)
    exact = fine.decimals is None or fine.figures >= coarse.figures + 4
    enough = _FIGURES_OF_GOLD if coarse is gold and exact else _FIGURES_OF_ANSWER
    long = coarse.decimals is not None and coarse.decimals >= 6 and coarse.figures >= _FIGURES_OF_GOLD
    if coarse.decimals is None or (coarse.figures < enough and not long):
        return False
    step = Fraction(1, 10**coarse.decimals) if coarse.decimals >= 0 else Fraction(10**-coarse.decimals)
    truncated = fine.decimals is None and abs(coarse.value) < abs(fine.value) and difference < step
    return difference <= step / 2 or (truncated and coarse.figures >= _FIGURES_OF_ANSWER)


def show(number: Quantity) -> str:
    """The number for a person."""
    value = str(number.value) if number.decimals is None else f"{float(number.value):.12g}"
    return f"{value}{'%' if number.percent else ''}{' ' + number.unit if number.unit else ''}"
