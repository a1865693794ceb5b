"""The comparison of one answer with the known one, from what is cheap and certain to what needs algebra."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mathagent.grading.choice import choices
from mathagent.grading.clean import clean, restore, without_text
from mathagent.grading.matrix import read_matrix, read_rows
from mathagent.grading.prose import stated
from mathagent.grading.quantity import read_quantity, same_quantity, show
from mathagent.grading.scales import same_scale
from mathagent.grading.structure import is_point, read_group, same_group, split_outside
from mathagent.grading.words import is_text, symbol_of, words_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """equal: the verdict. detail: one line on how the sides were read."""

    equal: bool
    detail: str


# Compares two single mathematical expressions: equal or not, and how they were read.
Algebra = Callable[[str, str], Outcome]

_NOT_PARTS = re.compile(r"\\begin|\\mathbb|[<>]|\\(?:le|ge|ne|infty|setminus|cup|cap|emptyset)(?![a-zA-Z])")
_EQUALS = re.compile(r"(?<![<>!:=\\])=(?!=)")
_LABELLED = re.compile(r"^\(?([A-J])(?:\)\s*|[.:]\s+)(\S.*)$")
# a + b, and |AB|: what a problem may ask for. An equation with coefficients or powers names no value.
_SUM = re.compile(
    r"^[a-zA-Z](?:_\w+)?(?:\s*[-+/]?\s*[a-zA-Z](?:_\w+)?){1,3}$|^\|[a-zA-Z]{1,3}\|$"
    r"|^\\frac\{[a-zA-Z]{1,2}\}\{[a-zA-Z]{1,2}\}$|^\\(?:sin|cos|tan)\s*\\?\w+$"
)
_IN = re.compile(r"^\\?[a-zA-Z]+\s*\\in(?![a-zA-Z])\s*")
# What an equation may assign to: x, a_n, f(2), P(A), AB, \angle ABC.
_ASSIGNABLE = re.compile(
    r"^(?:\\(?:angle|triangle)\s*)?(?:\\frac\{d[a-z]?\}\{d[a-z]\}|\\?[a-zA-Z]{1,3}|\\[a-zA-Z]+|\{[a-zA-Z]\})'?(?:_\{?[\w+-]+\}?)?(?:\^\{-1\})?"
    r"\s*(?:\([\w\s,|\\.-]+\))?$"
)


def compare(answer: str, gold: str, algebra: Algebra | None = None) -> Outcome | None:
    """Compare two texts. Without `algebra` only what needs none is decided, and None stands for the rest."""
    answer, gold = restore(answer), restore(gold)
    if any(ord(char) < 32 and char not in "\t\n\r" for char in answer):
        return Outcome(False, "the answer holds control characters: terminal output, not mathematics")
    known, mine = clean(gold), clean(answer)
    if mine and _squeeze(mine) == _squeeze(known):
        return Outcome(True, "the same text")
    if mine.isdecimal() and known.isdecimal():
        return Outcome(int(mine) == int(known), _pair(mine, known))
    if said := stated(answer):
        mine = clean(said)
    if not mine:
        return Outcome(False, "the answer is empty")
    if (said := stated(gold)) and _squeeze(mine) != _squeeze(known):
        known = clean(said)
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
    for rule in (_same_choice, _same_quantity, _same_scale, _same_words):
        if (outcome := rule(mine, known)) is not None:
            details.append(outcome.detail)
            return outcome.equal
    for shorter in (
        _labelled(mine, known),
        _plainer(mine, known),
        _assigned(mine, known),
        _member(mine, known),
        _angles(mine, known),
    ):
        if shorter is not None:
            return _same(*shorter, algebra, details)
    details.append(_pair(mine, known))
    if (equal := _same_cells(mine, known, algebra)) is not None:
        return equal if isinstance(equal, bool) else None
    if (equal := _same_parts(mine, known, algebra, details)) is not None or algebra is None:
        return equal if isinstance(equal, bool) else None
    outcome = algebra(mine, known)
    details.append(outcome.detail)
    return outcome.equal


class _Open:
    """A comparison that has begun by parts, and waits for the algebra of one of them."""


def _same_cells(mine: str, known: str, algebra: Algebra | None) -> bool | _Open | None:
    """Compare matrices; None where none is read."""
    my_cells, its_cells = read_matrix(mine), read_matrix(known)
    if my_cells is None and its_cells is None:
        return None
    my_cells, its_cells = my_cells or read_rows(mine), its_cells or read_rows(known)
    if my_cells is None or its_cells is None:
        return None
    if [len(row) for row in my_cells] != [len(row) for row in its_cells]:
        return False
    results = [
        _same(cell, other, algebra, [])
        for row, other_row in zip(my_cells, its_cells, strict=True)
        for cell, other in zip(row, other_row, strict=True)
    ]
    return False if False in results else _Open() if None in results else True


def _same_parts(mine: str, known: str, algebra: Algebra | None, details: list[str]) -> bool | _Open | None:
    """Compare lists, sets, tuples, intervals; None where only the whole can be compared."""
    my_group, its_group = read_group(mine), read_group(known)
    if my_group and its_group:
        if "union" not in (my_group.kind, its_group.kind) or my_group.kind == its_group.kind:
            equal = same_group(my_group, its_group, lambda one, other: _same(one, other, algebra, []))
            if equal is None:
                return _Open()
            if equal or not _NOT_PARTS.search(mine + known) or my_group.kind == its_group.kind:
                return equal
        return None
    group = my_group or its_group
    if group is None or is_point(mine if my_group else known):
        return None
    if len(group.parts) == 1:
        pair = (mine, clean(group.parts[0])) if its_group else (clean(group.parts[0]), known)
        return _Open() if (equal := _same(*pair, algebra, details)) is None else equal
    if not _NOT_PARTS.search(mine + known):
        details.append(f"{len(group.parts)} parts against one: {_pair(mine, known)}")
        return False
    return None if _NOT_PARTS.search(mine if its_group else known) else False


def _squeeze(text: str) -> str:
    return re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", text)  # 1 1/2 is not 11/2


def _pair(mine: str, known: str) -> str:
    return f"answer {_short(mine)}, known {_short(known)}"


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _same_choice(mine: str, known: str) -> Outcome | None:
    letters = choices(mine, known)
    if letters is None:
        return None
    chosen, gold = letters
    return Outcome(chosen == gold, f"chose {chosen or 'nothing'}, known {gold}")


def _same_quantity(mine: str, known: str) -> Outcome | None:
    answer, gold = read_quantity(mine), read_quantity(known)
    if answer is None or gold is None:
        return None
    equal = same_quantity(answer, gold)
    return None if equal is None else Outcome(equal, f"answer {show(answer)}, known {show(gold)}")


def _same_scale(mine: str, known: str) -> Outcome | None:
    equal = same_scale(mine, known)
    return None if equal is None else Outcome(equal, _pair(mine, known))


def _same_words(mine: str, known: str) -> Outcome | None:
    """Answers in words against words, or against a number."""
    answer, gold = words_of(mine), words_of(known)
    either_is_text = is_text(mine, answer) or is_text(known, gold)
    if not either_is_text or not (answer or gold):
        return None
    if answer and gold:
        if (symbols := (symbol_of(mine), symbol_of(known))) != (None, None):
            return Outcome(answer == gold or symbols[0] == symbols[1], _pair(mine, known))
        return Outcome(answer == gold or _says(answer, gold), _pair(mine, known))
    if symbol_of(mine) or symbol_of(known):
        return None  # `_plainer` puts the sign in the place of the words
    return (
        Outcome(False, _pair(mine, known)) if read_quantity(known if answer else mine) is not None else None
    )


def _says(answer: list[str], gold: list[str]) -> bool:
    """Whether words end in "is" and the known ones: it is Thursday, 是正方形."""
    before = answer[: -len(gold)]
    if answer[-len(gold) :] == gold and before and before[-1] in ("is", "are", "was"):
        return True
    return len(answer) == len(gold) == 1 and answer[0] == f"是{gold[0]}"


def _labelled(mine: str, known: str) -> tuple[str, str] | None:
    """With the letter of `B. 12` where the other side is a letter, with 12 where it is something else."""
    found = [_LABELLED.match(without_text(text)) for text in (mine, known)]
    if (found[0] is None) == (found[1] is None) or any(each and _LABELLED.match(each[2]) for each in found):
        return None
    label, other = (found[0], known) if found[0] else (found[1], mine)
    assert label is not None
    said = label[1] if re.fullmatch(r"\(?[A-J]\)?\.?", other) else label[2]
    return (said, known) if found[0] else (mine, said)


def _plainer(mine: str, known: str) -> tuple[str, str] | None:
    """With signs in the place of words: `7` for seven, the empty set for "no solution"."""
    symbols = symbol_of(mine), symbol_of(known)
    return None if symbols == (None, None) else (symbols[0] or mine, symbols[1] or known)


def _assigned(mine: str, known: str) -> tuple[str, str] | None:
    """Without what a value is assigned to: `x = 5` against 5, `f(x) = 2x` against 2x, `x = 2 + 3 = 5` against 5."""
    my_sides, its_sides = split_outside(mine, _EQUALS), split_outside(known, _EQUALS)
    if len(my_sides) == len(its_sides) == 1:
        return None
    for text, sides in ((mine, my_sides), (known, its_sides)):
        if len(sides) > 2 and read_group(text):  # x = 1, y = 2
            return None
    if len(my_sides) == len(its_sides) == 2:
        return (my_sides[1], its_sides[1]) if _same_name(my_sides[0], its_sides[0]) else None
    if len(its_sides) == 1 and _names_value(my_sides):
        return my_sides[-1], known
    return (mine, its_sides[-1]) if len(my_sides) == 1 and _names_value(its_sides) else None


def _member(mine: str, known: str) -> tuple[str, str] | None:
    r"""Without `x \in`, where the other side says it otherwise: x >= 2."""
    shorter = [_IN.sub("", text) for text in (mine, known)]
    return (shorter[0], shorter[1]) if (shorter[0] == mine) != (shorter[1] == known) else None


def _same_name(one: str, other: str) -> bool:
    return bool(_ASSIGNABLE.match(one)) and _squeeze(one) == _squeeze(other)


def _names_value(sides: list[str]) -> bool:
    """Whether the last side is a value: that of a name, or of a sum without unknowns."""
    return bool(sides[-1]) and (
        _ASSIGNABLE.match(sides[0]) is not None
        or _SUM.match(sides[0]) is not None
        or re.fullmatch(r"\([a-zA-Z](?:\s*,\s*[a-zA-Z])+\)", sides[0]) is not None
        or re.search(r"[a-zA-Z]", re.sub(r"\\[a-zA-Z]+", "", sides[0])) is None
    )


def _angles(mine: str, known: str) -> tuple[str, str] | None:
    r"""Degrees as multiples of \pi, where the other side has it."""
    for one, other in ((mine, known), (known, mine)):
        quantity = read_quantity(one)
        if quantity and quantity.unit == "degree" and "\\pi" in other and quantity.value:
            radians = rf"\frac{{{quantity.value.numerator} \pi}}{{{180 * quantity.value.denominator}}}"
            return (radians, known) if one is mine else (mine, radians)
    return None
