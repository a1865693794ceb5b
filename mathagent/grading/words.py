"""Answers in words: yes, Friday, "no solution", seven. Math-Verify multiplies letters, and finds evil to be live."""

from __future__ import annotations

import re

from mathagent.grading.clean import without_text
from mathagent.grading.units import SCALES

_ARTICLES = {"the", "a", "an"}
_ALIKE = {
    "dne": "does not exist", "yeah": "yes", "是的": "是", "否的": "否", "不是": "否", "对": "正确", "对的": "正确",
    "错": "错误", "错的": "错误", "没有": "无",
}  # fmt: skip
_SYMBOLS = {
    "no solution": r"\emptyset", "no solutions": r"\emptyset", "no real solution": r"\emptyset",
    "no real solutions": r"\emptyset", "empty set": r"\emptyset", "无解": r"\emptyset", "空集": r"\emptyset",
    "all real numbers": r"\mathbb{R}", "all reals": r"\mathbb{R}", "all real": r"\mathbb{R}",
    "real numbers": r"\mathbb{R}", "全体实数": r"\mathbb{R}", "infinity": r"\infty", "positive infinity": r"\infty",
    "negative infinity": r"-\infty", "minus infinity": r"-\infty",
}  # fmt: skip
_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_NUMBERS = {word: value for value, word in enumerate(_ONES)}
_NUMBERS |= {word: 10 * value for value, word in enumerate(_TENS, 2)}
_NUMBERS |= {f"{ten} {one}": _NUMBERS[ten] + _NUMBERS[one] for ten in _TENS for one in _ONES[1:10]} | {
    "one hundred": 100,
    "hundred": 100,
    "one thousand": 1000,
}
_HAN_DIGITS = {word: value for value, word in enumerate("零一二三四五六七八九十")} | {"两": 2}
_VERDICT = re.compile(r"^(yes|no|true|false)\s*[,.!;:]", re.IGNORECASE)
_PARTS = re.compile("^([一二三四五六七八九十百])分之([零一二三四五六七八九十两])$")
_OPERATORS = {
    "pi", "sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "exp", "sqrt", "inf", "mod", "gcd", "max", "min",
    "lcm", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "cis", "det", "lim",
}  # fmt: skip


def words_of(text: str) -> list[str]:
    """The words of a text made of nothing else, without articles; none for formulas. "Yes, it is" is yes."""
    plain = without_text(text)
    if found := _VERDICT.match(plain):
        return [found[1].lower()]
    if re.search(r"[^\w\s.,'’!?-]|[\d_]", plain):
        return []
    words = [word for word in re.findall(r"[^\W\d_]+", plain.lower()) if word not in _ARTICLES]
    return _ALIKE[words[0]].split() if len(words) == 1 and words[0] in _ALIKE else words


def is_text(text: str, words: list[str]) -> bool:
    r"""Whether words are meant as words: `xy` may be a product, `\text{xy}` and `seven` are not."""
    if not words or without_text(text) != text:
        return bool(words)
    if any(word in _OPERATORS for word in words):
        return False
    return (
        any(len(word) > 3 or word in ("yes", "no", "odd") or not word.isascii() for word in words)
        or sum(map(len, words)) > 5
    )


def symbol_of(text: str) -> str | None:
    """What words stand for where mathematics has a sign or a numeral for it: `7` for seven; None for other texts."""
    plain = without_text(text)
    if not plain or not plain[0].isalpha() or len(plain) > 40:
        return None
    if found := _PARTS.match(plain):
        return rf"\frac{{{_HAN_DIGITS[found[2]]}}}{{{_HAN_DIGITS.get(found[1], 100)}}}"
    joined = " ".join(words_of(text))
    if joined in _SYMBOLS:
        return _SYMBOLS[joined]
    if joined in _NUMBERS:
        return str(_NUMBERS[joined])
    count, _, scale = joined.rpartition(" ")
    if count in _NUMBERS and scale in SCALES:
        return str(_NUMBERS[count] * SCALES[scale])
    return str(_HAN_DIGITS[plain]) if plain in _HAN_DIGITS else None
