"""The data of the page: a head that is read at once (numbers, a column for each field), and chunks of traces.

Head and chunks are JSON, compressed with zlib. The page filters the columns by itself and asks for a chunk when one of
its traces is opened or searched.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import fields
from functools import cached_property, lru_cache
from typing import Any

from mathagent import __version__
from mathagent.collection import Collection, Entry, Query
from mathagent.data import Problem
from mathagent.errors import UsageError
from mathagent.page.bodies import body_of
from mathagent.run.distributions import distributions
from mathagent.run.report import Stored, open_stored, summary_of
from mathagent.run.rows import Row, row_of
from mathagent.shown import clean
from mathagent.trace.schema import Trace
from mathagent.views.latex import plain

CHUNK = 32
"""Traces in a chunk: one is decoded in a few milliseconds, and 10,000 traces make some 300."""

_LEFT_OUT = {"place", "question", "detail", "unknown"}
_TEXT_COLUMNS = {"str", "str | None", "Verdict"}
_SNIPPET = 200


class PageData:
    """What the page shows of a collection.

    Args:
        collection: the traces.
        query: which of them; the numbers are those of the whole collection all the same.
        asked: the query as it was written.

    Raises UsageError where the query wants none.
    """

    def __init__(self, collection: Collection, query: Query | None = None, asked: str = "") -> None:
        self.collection = collection
        self.entries = collection.select(query) if query and query.terms else collection.entries
        self._asked = asked
        if not self.entries:
            wanted = f" that {asked!r} wants" if asked else ""
            raise UsageError(f"{collection.path}: there is no trace{wanted}")

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-len(self.entries) // CHUNK)

    @cached_property
    def head(self) -> bytes:
        """Numbers and columns, compressed."""
        stored = _stored(self.collection)
        return _packed(
            {
                "name": clean(self.collection.name),
                "asked": self._asked,
                "version": __version__,
                "all": len(self.collection.entries),
                "size": len(self.entries),
                "chunk": CHUNK,
                "notices": self.collection.notices,
                "settings": self.collection.settings,
                "summary": summary_of(stored).model_dump(mode="json"),
                "distributions": distributions(stored.rows).model_dump(mode="json"),
                "columns": _columns(self.entries),
            }
        )

    def chunk(self, number: int) -> bytes:
        """Some traces, compressed. Raises IndexError beyond the last chunk, TraceError if the file has changed."""
        if not 0 <= number < self.chunks:
            raise IndexError(number)
        entries = self.entries[number * CHUNK : (number + 1) * CHUNK]
        rows = self.collection.rows
        return _packed([body_of(self.collection.trace(entry), rows.get(entry.id)) for entry in entries])


def _packed(value: Any) -> bytes:
    return zlib.compress(
        json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    )


def _columns(entries: Sequence[Entry]) -> dict[str, Any]:
    """A column for each field: numbers as a list, texts as the different ones and which of them each trace has.

    None is what nobody knows.
    """
    columns: dict[str, Any] = {}
    for field in fields(Entry):
        if field.name not in _LEFT_OUT:
            values = [entry.known(field.name) for entry in entries]
            columns[field.name] = _coded(values) if field.type in _TEXT_COLUMNS else _rounded(values)
    columns["group"] = _coded([entry.problem or entry.question for entry in entries])["codes"]
    columns["question"] = _coded([_snippet(entry.question) for entry in entries])
    return columns


def _coded(values: Iterable[str | None]) -> dict[str, Any]:
    numbers: dict[str | None, int] = {}
    codes = [numbers.setdefault(value, len(numbers)) for value in values]
    return {"values": list(numbers), "codes": codes}


def _rounded(values: Sequence[Any]) -> list[Any]:
    return [round(value, 4) if isinstance(value, float) else value for value in values]


@lru_cache(maxsize=65536)
def _snippet(question: str) -> str:
    """The beginning of a problem on one line, its formulas as plain text."""
    line = re.sub(r"\s+", " ", plain(clean(question[: 3 * _SNIPPET]))).strip()
    return line if len(line) <= _SNIPPET else line[: _SNIPPET - 1] + "…"


def _stored(collection: Collection) -> Stored:
    """The rows of the run, as `mathagent report` reads them; made of the traces where no run wrote any."""
    if collection.settings and (collection.path / "results.jsonl").exists():
        return open_stored(collection.path)
    return Stored(collection.path, [_row(collection, entry) for entry in collection.entries], [])


def _row(collection: Collection, entry: Entry) -> Row:
    """The row of a trace; the one of another tool does not always say how many blocks ran, its trace does."""
    row = collection.rows.get(entry.id)
    if row is None:
        return _made(collection.trace(entry))
    return row.model_copy(update={"code_rounds_executed": entry.rounds, "num_code_errors": entry.errors})


def _made(trace: Trace) -> Row:
    problem = Problem(
        id=trace.problem.id or trace.problem.text,
        text=trace.problem.text,
        gold=trace.grade.gold if trace.grade else None,
        level=trace.problem.level,
        kind=trace.problem.kind,
        source=trace.problem.source,
    )
    return row_of(trace, problem, trace.sample, None)
