"""What a list shows of a trace, and how it can be sorted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from mathagent.collection import Collection, Entry
from mathagent.shown import clean
from mathagent.views.latex import plain_math

MARKS = {
    "correct": ("✓", "green"),
    "wrong": ("✗", "red"),
    "undecided": ("?", "yellow"),
    "ungraded": ("·", "dim"),
}
_ORDER = {"wrong": 0, "undecided": 1, "ungraded": 2, "correct": 3}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: name, width in cells (0: what is left), text and sort key of an entry.

    side: where the text stands; "tail" is left, and keeps the end of what is too long. From `least` cells of the whole
    list on the column is shown.
    """

    name: str
    width: int
    text: Callable[[Entry], str]
    key: Callable[[Entry], Any]
    side: Literal["left", "right", "tail"] = "left"
    least: int = 0


def line(text: str) -> str:
    """Any text as one clean line."""
    return " ".join(clean(text).split())


def columns_of(collection: Collection) -> list[Column]:
    """The columns that say something about these traces, the sign of the verdict first."""
    entries = collection.entries
    widest = max((len(each.problem) for each in entries), default=0)
    columns = [Column("", 1, lambda each: MARKS[each.verdict][0], lambda each: _ORDER[each.verdict])]
    if widest:
        width = min(max(widest, len("problem▴")), 18)
        columns.append(Column("problem", width, _problem, lambda each: _natural(each.problem), "tail"))
    if any(each.sample for each in entries):
        columns.append(Column("#", 3, lambda each: str(each.sample), lambda each: each.sample, "right"))
    columns.append(Column("answer", 12, _answer, lambda each: _natural(each.answer or "")))
    if any(each.level for each in entries):
        columns.append(Column("level", 7, _level, lambda each: _natural(each.level), least=100))
    return [
        *columns,
        Column("tokens", 7, lambda each: _number(each, "tokens"), lambda each: each.tokens, "right"),
        Column("code", 5, lambda each: str(each.rounds), lambda each: each.rounds, "right"),
        Column("errors", 7, lambda each: str(each.errors or ""), lambda each: each.errors, "right", 90),
        Column("s", 6, lambda each: _number(each, "seconds", ".1f"), lambda each: each.seconds, "right", 72),
        Column("finish", 15, lambda each: line(each.finish), lambda each: each.finish, least=100),
        Column("question", 0, _question, lambda each: _question(each).casefold()),
    ]


def _number(entry: Entry, field: str, form: str = "d") -> str:
    """A number; nothing where an imported record does not say it."""
    value = entry.known(field)
    return "" if value is None else format(value, form)


def _problem(entry: Entry) -> str:
    return line(entry.problem)


def _level(entry: Entry) -> str:
    return line(entry.level)


def _question(entry: Entry) -> str:
    return line(entry.question[:400])


def _answer(entry: Entry) -> str:
    """The answer, or why there is none."""
    return _plain(entry.answer[:200]) if entry.answer is not None else f"({line(entry.finish)})"


@lru_cache(maxsize=10_000)
def _plain(answer: str) -> str:
    return line(plain_math(answer))


def _natural(text: str) -> list[tuple[int, int, str]]:
    """A key that puts p2 before p10."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", text.casefold())
    return [(0, len(each), each) if "0" <= each[0] <= "9" else (1, 0, each) for each in pieces]
