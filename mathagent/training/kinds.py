"""Kinds of stories, read from the files of `stories/`: texts, the numbers in them, questions with their steps.

The format is told in `stories/README.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FIELD = re.compile(r"\{(\w+)\}")
"""A word of the grammar's own, `{things}`."""
NUMBER = re.compile(r"\[([a-z_0-9{}]+)\]")
"""A number by its name, `[apples]`, ranges taken away."""
USUAL = (2, 60)
"""The range of a number that is given none."""
_RANGED = re.compile(r"\[([a-z_0-9{}]+) (\d+)-(\d+)\]")
_ASK = re.compile(r"\? (.+?) => (.+)")
_SAID = {
    "name": ("things", "thing"),
    "other_name": ("others", "other"),
    "third_name": ("thirds", "third"),
    "animal_name": ("animals", "animal"),
    "beast_name": ("beasts",),
    "box_name": ("boxes", "box"),
    **{f"day{number}": (f"Day{number}",) for number in (1, 2, 3)},
}
"""Which words of a text an identifier stands for, where its field has another name."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question, and the statements that answer it from the numbers of the text, one operation in each."""

    question: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of story. line: where it begins in its file, from 1. ranges: of the numbers that were given one."""

    line: int
    texts: tuple[str, ...]
    asks: tuple[Ask, ...]
    ranges: Mapping[str, tuple[int, int]]


def read_kinds(path: Any) -> tuple[Kind, ...]:
    """The kinds of a file: a path or a resource. Raises OSError, and ValueError, which tells the line of a fault."""
    return tuple(
        _kind(number, lines) for number, lines in _blocks(path.read_text(encoding="utf-8").splitlines())
    )


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    block: list[str] = []
    for number, line in enumerate((*lines, ""), start=1):
        if line.strip() and not line.startswith("#"):
            block.append(line.strip())
        elif block and not line.strip():
            yield number - len(block), block
            block = []


def _kind(number: int, lines: Sequence[str]) -> Kind:
    ranges: dict[str, tuple[int, int]] = {}

    def noted(match: re.Match[str]) -> str:
        ranges[match[1]] = (int(match[2]), int(match[3]))
        return f"[{match[1]}]"

    texts, asks = [], []
    for line in lines:
        plain = _RANGED.sub(noted, line)
        if re.search(r"[\[\]]", NUMBER.sub("", plain)):
            raise ValueError(f"line {number}: a number that is not [name] or [name LOW-HIGH]: {line!r}")
        if not plain.startswith("?"):
            texts.append(plain)
        elif found := _ASK.fullmatch(plain):
            asks.append(Ask(found[1], tuple(found[2].split("; "))))
        else:
            raise ValueError(f"line {number}: a question that is not '? question => steps': {line!r}")
    if not texts or not asks:
        raise ValueError(f"line {number}: no text or no question: {lines[0]!r}")
    return Kind(number, tuple(texts), tuple(asks), ranges)


def faults(kind: Kind) -> list[str]:
    """What is wrong with the texts of a kind, a line each: numbers without a name, names by words that are not said."""
    texts = [*kind.texts, *(ask.question for ask in kind.asks)]
    found = [
        f"a number without a name, which is written [name N-N]: {text!r}"
        for text in texts
        if re.search(r"\d", FIELD.sub("", NUMBER.sub("", text)))
    ]
    if unsaid := _unsaid(texts):
        found.append(f"numbers named by words that no text has: {', '.join(unsaid)}")
    return found


def _unsaid(texts: Sequence[str]) -> list[str]:
    """The fields of numbers' names whose words no text has."""
    names = {field for text in texts for name in NUMBER.findall(text) for field in FIELD.findall(name)}
    said = {field for text in texts for field in FIELD.findall(NUMBER.sub("", text))}
    return sorted(field for field in names if not said & {field, field.upper(), *_SAID.get(field, ())})
