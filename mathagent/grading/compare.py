"""The comparison of one answer with the known one, from what is cheap and certain to what needs algebra."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from mathagent.grading.clean import clean
from mathagent.grading.quantity import read_quantity, same_quantity, show
from mathagent.grading.structure import read_group, same_group


@dataclass(frozen=True, slots=True)
class Outcome:
    """equal: the verdict. detail: one line on how the sides were read."""

    equal: bool
    detail: str


# Compares two single mathematical expressions: equal or not, and how they were read.
Algebra = Callable[[str, str], Outcome]

_CHOICE = re.compile(r"^(?:option|choice|answer)?\s*[(\[]?\s*([A-Z])\s*[)\]]?$", re.IGNORECASE)
_CHOSEN = re.compile(
    r"^(?:option|choice|answer)?\s*(?:is\s+)?(?:\(([A-Za-z])\)|\[([A-Za-z])\]|([A-Z])\s*[).:]|([A-Z])$)\s*(.*)$",
    re.I,
)
_TIME = re.compile(r"^(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(am|pm|a\.?m\.?|p\.?m\.?)?\.?$", re.IGNORECASE)
_RATIO = re.compile(r"^(\d+(?:\.\d+)?)\s*(?::|\\colon)\s*(\d+(?:\.\d+)?)$")
_NOT_PARTS = re.compile(r"\\begin|\\mathbb|[<>]|\\(?:le|ge|ne|infty|setminus|lt|gt)(?![a-zA-Z])")


def compare(answer: str, gold: str, algebra: Algebra | None = None) -> Outcome | None:
    """Compare two texts. Without `algebra` only what needs none is decided, and None stands for the rest."""
    mine, known = clean(answer), clean(gold)
    if not mine:
        return Outcome(False, "the answer is empty")
    if any(ord(char) < 32 for char in mine):
        return Outcome(False, "the answer holds control characters: terminal output, not mathematics")
    details: list[str] = []
    equal = _same(mine, known, algebra, details)
    if equal is None:
        return None
    return Outcome(equal, details[-1] if details else _pair(mine, known))


def _same(mine: str, known: str, algebra: Algebra | None, details: list[str]) -> bool | None:
    """True, False, or None where only algebra could tell; the last of `details` says how the sides were read."""
    if _squeeze(mine) == _squeeze(known):
        details.append("the same text")
        return True
    for rule in (_same_choice, _same_quantity, _same_clock, _same_words):
        if (outcome := rule(mine, known)) is not None:
            details.append(outcome.detail)
            return outcome.equal
    my_group, its_group = read_group(mine), read_group(known)
    if my_group and its_group:
        equal = same_group(my_group, its_group, lambda one, other: _same(one, other, algebra, []))
        if equal is not None:
            details.append(_pair(mine, known))
            return equal
    group = my_group or its_group
    if group and not (my_group and its_group):
        single = mine if its_group else known
        if len(group.parts) == 1:
            pair = (mine, clean(group.parts[0])) if its_group else (clean(group.parts[0]), known)
            return _same(*pair, algebra, details)
        if not _NOT_PARTS.search(mine + known):
            details.append(f"{len(group.parts)} parts against one: {_pair(mine, known)}")
            return False
        if not _NOT_PARTS.search(single):
            details.append(_pair(mine, known))
            return False
    if algebra is None:
        return None
    outcome = algebra(mine, known)
    details.append(outcome.detail)
    return outcome.equal


def _squeeze(text: str) -> str:
    return re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", text)  # 1 1/2 is not 11/2


def _pair(mine: str, known: str) -> str:
    return f"answer {_short(mine)}, known {_short(known)}"


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _same_choice(mine: str, known: str) -> Outcome | None:
    """The known answer is a letter of a multiple choice: (B), B. or `B: 12` choose it."""
    gold = _CHOICE.match(known)
    if gold is None or (len(known) == 1 and known not in "ABCDEFGHIJ"):
        return None
    chosen = _CHOSEN.match(_untext(mine))
    if chosen is None:
        return Outcome(False, f"no choice, the known one is {gold[1].upper()}") if mine.isdigit() else None
    letter = next(group for group in chosen.groups() if group)
    if len(mine) == 1 and mine.islower():
        return None
    return Outcome(letter.upper() == gold[1].upper(), f"chose {letter.upper()}, known {gold[1].upper()}")


def _same_quantity(mine: str, known: str) -> Outcome | None:
    answer, gold = read_quantity(mine), read_quantity(known)
    if answer is None or gold is None:
        return None
    return Outcome(same_quantity(answer, gold), f"answer {show(answer)}, known {show(gold)}")


def _same_clock(mine: str, known: str) -> Outcome | None:
    """Times of day and ratios: 12:00 is not 1:00, and 2:4 is 1:2."""
    times = [_TIME.match(_untext(text)) for text in (mine, known)]
    if times[0] and times[1]:
        read = [(int(t[1]), int(t[2]), int(t[3] or 0)) for t in times if t]
        halves = [(t[4] or "").lower().replace(".", "") for t in times if t]
        same = read[0] == read[1] and (not all(halves) or halves[0] == halves[1])
        return Outcome(same, _pair(mine, known))
    ratios = [_RATIO.match(text) for text in (mine, known)]
    if not any(ratios):
        return None
    values = [
        Fraction(ratio[1]) / Fraction(ratio[2])
        if ratio and Fraction(ratio[2])
        else (read_quantity(text) or None)
        for ratio, text in zip(ratios, (mine, known), strict=True)
    ]
    numbers = [value if isinstance(value, Fraction | None) else value.value for value in values]
    if None in numbers or times[0] or times[1]:
        return Outcome(False, _pair(mine, known))
    return Outcome(numbers[0] == numbers[1], _pair(mine, known))


def _untext(text: str) -> str:
    return re.sub(r"\\(?:text|mathrm|textbf|textit|mbox)\s*\{([^{}]*)\}", r"\1", text).strip()


def _same_words(mine: str, known: str) -> Outcome | None:
    """Answers in words. Math-Verify would multiply the letters, and find that "evil" is "live"."""
    answer, gold = _words(mine), _words(known)
    either_is_text = _is_text(mine, answer) or _is_text(known, gold)
    if answer and gold and either_is_text:
        return Outcome(answer == gold, _pair(mine, known))
    other = known if answer else mine
    if (answer or gold) and either_is_text and read_quantity(other) is not None:
        return Outcome(False, _pair(mine, known))
    return None


def _words(text: str) -> list[str]:
    """The words of a text made of nothing else, without articles; none for formulas."""
    plain = _untext(text)
    if re.search(r"[^\w\s.,'’!?-]|[\d_]", plain):
        return []
    return [word for word in re.findall(r"[^\W\d_]+", plain.lower()) if word not in ("the", "a", "an")]


def _is_text(text: str, words: list[str]) -> bool:
    r"""Whether words are meant as words: `xy` may be a product, `\text{xy}` and `seven` are not."""
    if not words or _untext(text) != text:
        return bool(words)
    return any(len(word) > 3 or word in ("yes", "no", "odd") for word in words) or sum(map(len, words)) > 5
