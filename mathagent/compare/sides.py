"""What can be compared: the folder of a run, a file with rows of any tool, a trace file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mathagent.collection.imports.read import is_trace_file
from mathagent.data import Problem
from mathagent.errors import UsageError
from mathagent.run.folder import ABOUT
from mathagent.run.report import open_stored
from mathagent.run.rows import Row, row_of
from mathagent.trace import Trace, read


@dataclass(frozen=True, slots=True)
class Side:
    """One of the runs that are compared.

    label: its name in tables. rows: one a sample. k: samples asked for of each problem.
    settings: of a run; empty for anything else. notices: what a person should know.
    """

    label: str
    rows: list[Row]
    k: int
    settings: dict[str, Any] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    @property
    def deciding(self) -> dict[str, Any]:
        """The settings that decide results."""
        return {name: value for name, value in self.settings.items() if name != ABOUT}


def open_side(path: Path) -> Side:
    """Read what is to be compared. Raises UsageError, and TraceError for a damaged trace file."""
    if path.is_file() and is_trace_file(path):
        rows = _rows_of(list(read(path)))
        return Side(path.stem, rows, _most(rows))
    stored = open_stored(path)
    k = stored.k or _most(stored.rows)
    label = path.resolve().name if path.is_dir() else path.stem
    return Side(label, stored.rows, k, stored.settings, stored.notices)


def labelled(sides: list[Side], paths: list[Path]) -> list[str]:
    """A label for each side, their paths where names are the same. Raises UsageError where a path is there twice."""
    if len({path.resolve() for path in paths}) < len(paths):
        raise UsageError("a run is named twice")
    names = Counter(side.label for side in sides)
    return [
        side.label if names[side.label] == 1 else str(path) for side, path in zip(sides, paths, strict=True)
    ]


def _most(rows: list[Row]) -> int:
    return max(Counter(row.id for row in rows).values(), default=1)


def _rows_of(traces: list[Trace]) -> list[Row]:
    """A row for each trace; a problem that was typed in has its text for an id, a second solve is a second sample."""
    rows, taken = [], Counter[str]()
    for trace in traces:
        asked = trace.problem
        problem = Problem(
            id=asked.id or " ".join(asked.text.split()),
            text=asked.text,
            gold=trace.grade.gold if trace.grade else None,
            level=asked.level,
            kind=asked.kind,
            source=asked.source,
        )
        rows.append(row_of(trace, problem, taken[problem.id], None, stopped=trace.stopped))
        taken[problem.id] += 1
    return rows
