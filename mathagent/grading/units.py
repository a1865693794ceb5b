"""Units as people write them after a number, English and Chinese, and their factors within one kind."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

# kind -> canonical unit -> (factor, other names)
_KINDS: dict[str, dict[str, tuple[str, str]]] = {
    "money": {"dollar": ("1", "usd buck 美元"), "cent": ("1/100", "")},
    "chinese money": {"yuan": ("1", "元 块 块钱 元钱 人民币 rmb"), "jiao": ("1/10", "角")},
    "time": {
        "s": ("1", "sec second 秒 秒钟"), "min": ("60", "minute 分钟"), "h": ("3600", "hr hour 小时 时 个小时"),
        "day": ("86400", "天 日"), "week": ("604800", "周 星期"),
    },
    "length": {
        "mm": ("1/1000", "millimeter millimetre 毫米"), "cm": ("1/100", "centimeter centimetre 厘米"),
        "dm": ("1/10", "decimeter 分米"), "m": ("1", "meter metre 米"), "km": ("1000", "kilometer kilometre 千米 公里"),
    },
    "imperial length": {
        "inch": ("1", "inche in"), "foot": ("12", "feet ft"), "yard": ("36", "yd"), "mile": ("63360", "mi"),
    },
    "mass": {
        "mg": ("1/1000", "milligram 毫克"), "g": ("1", "gram 克"), "kg": ("1000", "kilogram 千克 公斤"),
        "ton": ("1000000", "tonne 吨"),
    },
    "imperial mass": {"ounce": ("1", "oz"), "pound": ("16", "lb")},
    "volume": {"ml": ("1/1000", "milliliter millilitre 毫升"), "l": ("1", "liter litre 升")},
    "angle": {"degree": ("1", "deg 度")},
}  # fmt: skip
_FACTORS = {
    unit: (kind, Fraction(factor)) for kind, units in _KINDS.items() for unit, (factor, _) in units.items()
}
_NAMES = {
    name: unit for units in _KINDS.values() for unit, (_, names) in units.items() for name in names.split()
} | {unit: unit for unit in _FACTORS}
_COMPOUND = {"mph": "mile h", "kmh": "km h", "kph": "km h", "kmph": "km h", "rad": "radian"}

SCALES = {
    "hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12,
    "百": 100, "千": 1_000, "万": 10_000, "百万": 10**6, "千万": 10**7, "亿": 10**8,
}  # fmt: skip
_NO_UNITS = {
    "pi", "sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "exp", "mod", "and", "or", "to", "sqrt", "inf",
    "choose", "infty", "times", "over", "out", "plus", "minus", "divided", "root", "remainder", "frac", "cdot", "is",
    "arctan",
}  # fmt: skip
_FILLERS = {"per", "of", "in", "a", "an", "the", "each"}
_SYMBOLS = {"$": "dollar", "€": "euro", "£": "pound sterling", "¥": "yuan", "₹": "rupee", "元": "yuan"}
CURRENCIES = "".join(_SYMBOLS)
_SHAPE = re.compile(r"[^\w\s.,/'()%^{}·-]|(?<![\^{])\d")
_HAN_UNIT = re.compile(r"^(平方|立方)?([\u4e00-\u9fff]{1,6})$")


@lru_cache(maxsize=4096)
def read_unit(words: str) -> str | None:
    """A canonical name of the unit that the words are, as `m s` for m/s; "" for no words, None for other words."""
    words = words.strip().rstrip(".").strip()
    if words.startswith("(") and words.endswith(")"):
        words = words[1:-1].strip()
    if not words:
        return ""
    if words in _SYMBOLS:
        return _SYMBOLS[words]
    if re.fullmatch(r"\^?\s*\\circ\s*[CF]?", words):
        return "degree"
    if re.search(r"[\u4e00-\u9fff]", words):
        return _read_chinese(words)
    if _SHAPE.search(words) or ("^" in words and not re.search(r"[A-Za-z]\s*\^", words)):
        return None
    names = [
        _name(found)
        for found in re.finditer(r"([^\W\d_]+)\s*(?:\^\s*\{?\s*(-?\d)\s*\}?|(?<=[a-z])([23])\b)?", words)
    ]
    if None in names or not any(names):
        return None
    return _joined([name for name in names if name])


def _name(found: re.Match[str]) -> str | None:
    """One word of a unit; "" for a filler; None for what is no unit."""
    word = found[1]
    if word.lower() in _FILLERS and word != "in":
        return ""
    known = _NAMES.get("l" if word == "L" else "ml" if word == "mL" else word) or _NAMES.get(_singular(word))
    if known is None and (
        word.lower() in _NO_UNITS or (len(word) < 3 and word != "sq" and word.lower() not in _FILLERS)
    ):
        return None
    power = (found[2] or found[3] or "1").lstrip("-")
    name = known or _COMPOUND.get(word.lower()) or _singular(word)
    return name if power == "1" else f"{name}^{power}"


def _joined(names: list[str]) -> str:
    """Square inches are in^2, centimeters squared cm^2."""
    joined: list[str] = []
    power = ""
    for name in names:
        if name in ("square", "sq", "cubic", "cu"):
            power = "^2" if name.startswith("s") else "^3"
        elif name in ("squared", "cubed") and joined:
            joined[-1] += "^2" if name == "squared" else "^3"
        else:
            joined.append(name + power)
            power = ""
    return " ".join(joined) or "unit"


def _read_chinese(words: str) -> str | None:
    names = []
    for part in re.split(r"[/每]", words.replace(" ", "")):
        if (found := _HAN_UNIT.match(part)) is None:
            if not part.isascii() or not (western := read_unit(part)):
                return None
            names.append(western)
            continue
        name = _NAMES.get(found[2], found[2])
        names.append(name + {"平方": "^2", "立方": "^3"}.get(found[1] or "", ""))
    return " ".join(names)


def _singular(word: str) -> str:
    if len(word) > 2 or word.isupper():
        word = word.lower()
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def factor_between(unit: str, other: str) -> Fraction | None:
    """How many `other` one `unit` is; None where they are different things."""
    mine, theirs = set(unit.split()), set(other.split())
    if mine <= theirs or theirs <= mine or "unit" in (unit.split("^")[0], other.split("^")[0]):
        return Fraction(1)
    base, _, power = unit.partition("^")
    other_base, _, other_power = other.partition("^")
    if power == other_power and base in _FACTORS and other_base in _FACTORS:
        (kind, factor), (other_kind, other_factor) = _FACTORS[base], _FACTORS[other_base]
        if kind == other_kind:
            return (factor / other_factor) ** int(power or 1)
    if re.search(r"[\u4e00-\u9fff]", unit + other) and (base not in _FACTORS or other_base not in _FACTORS):
        return Fraction(1)  # 个, 只, 人: a counting word that may stand for any thing counted
    return None
