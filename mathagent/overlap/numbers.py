"""Numbers of a text, by value: `1,250`, `1250.0` and `one thousand two hundred and fifty` are one number."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SMALL = """
    zero one two three four five six seven eight nine
    ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
    """
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {word: value for value, word in enumerate(_SMALL.split())} | {
    word: 10 * value for value, word in enumerate(_TENS.split(), 2)
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_WORD = "|".join([*_VALUES, *_SCALES])
WORDS = re.compile(
    rf"\b(?:an?\s+(?=(?:{'|'.join(_SCALES)})\b))?(?:{_WORD})(?:(?:\s+and\s+|\s*-\s*|\s+)(?:{_WORD}))*\b",
    re.IGNORECASE,
)
DIGITS = re.compile(r"\d{1,3}(?:(?:,\d{3})+|(?: \d{3})+)(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<![\d.])\.\d+")


def with_digits(text: str) -> str:
    """The text with number words written as digits."""
    return WORDS.sub(lambda match: _digits(match[0]), text)


def value_of(written: str) -> str:
    """The value of a number in digits, always written the same: `1,250.50` is `1250.5`."""
    whole, _, fraction = re.sub(r"[, ]", "", written).partition(".")
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


def numbers_in(text: str) -> Iterator[str]:
    """The values of the numbers in a plain text, words and digits, in order."""
    for match in DIGITS.finditer(with_digits(text)):
        yield value_of(match[0])


def _digits(words: str) -> str:
    """Number words in digits; a row of words that is no one number ("five six") stays several."""
    found: list[int] = []
    total, group, last = 0, 0, 0  # the finished thousands, the hundreds so far, the last word's value
    for word in re.findall(r"[a-z]+", words.lower()):
        if word in ("and", "a", "an"):
            continue
        if word == "hundred":
            group = (group or 1) * 100
        elif word in _SCALES:
            total, group = total + (group or 1) * _SCALES[word], 0
        elif group and not (last >= 100 or (20 <= last < 100 and _VALUES[word] < 10)):
            found.append(total + group)
            total, group = 0, _VALUES[word]
        else:
            group += _VALUES[word]
        last = _SCALES.get(word) or _VALUES[word]
    return " , ".join(map(str, [*found, total + group]))
