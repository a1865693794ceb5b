"""Many traces, or many runs, a line each: a table for a terminal, tab-separated text for a pipe."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mathagent.collection import Entry
from mathagent.run.state import RunState
from mathagent.shown import clean

MARKS = {
    "correct": ("✓", "green"),
    "wrong": ("✗", "red"),
    "undecided": ("?", "yellow"),
    "ungraded": (" ", ""),
}
TRACE_COLUMNS = (
    *("id", "problem", "sample", "verdict", "finish", "answer", "gold", "tokens", "rounds", "seconds"),
    *("level", "type", "dataset", "model", "question"),
)
"""The columns of a piped list; they keep their order, and new ones come at the end."""
RUN_COLUMNS = ("name", "data", "model", "done", "total", "accuracy", "started", "state")

_BREAKS = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def trace_table(entries: Sequence[Entry], *, by_problem: bool = False) -> RenderableType:
    """Traces in a terminal, with level, data set and model only where they differ.

    by_problem: name them `PROBLEM:SAMPLE` and not by their ids.
    """
    differing = [
        field for field in ("dataset", "model", "level") if len({getattr(e, field) for e in entries}) > 1
    ]
    table = _table(
        ("trace", *differing, "", "answer", "finish"), ("rounds", "tokens", "s"), ("problem",), fill=True
    )
    for entry in entries:
        mark, style = MARKS[entry.verdict]
        name = f"{entry.problem}:{entry.sample}" if by_problem else entry.id
        table.add_row(
            Text(_short(name, 40)),
            *(Text(_short(getattr(entry, field), 24)) for field in differing),
            Text(mark, style=style),
            Text(_short(entry.answer if entry.answer is not None else "-", 20)),
            Text(_short(entry.finish, 20)),
            _number(entry, "rounds", str),
            _number(entry, "tokens", str),
            _number(entry, "seconds", lambda value: f"{value:.1f}"),
            Text(" ".join(clean(entry.question).split())),
        )
    return table


def run_table(runs: Sequence[RunState]) -> RenderableType:
    """Runs in a terminal."""
    table = _table(("run", "data", "model"), ("samples", "correct"), ("started", "state"))
    for run in runs:
        table.add_row(
            Text(_short(run.name, 50)),
            Text(_short(run.data, 24)),
            Text(_short(run.model, 40)),
            f"{run.done}/{run.total}",
            "-" if run.accuracy is None else f"{run.accuracy:.1%}",
            Text(run.started[:16].replace("T", " ") or "-"),
            Text(run.state, style="bold green" if run.state == "running" else ""),
        )
    return table


def trace_line(entry: Entry) -> str:
    """A trace as tab-separated text: `TRACE_COLUMNS`; what is not known or not there is empty."""
    return _line([entry.known(field) for field in TRACE_COLUMNS])


def run_line(run: RunState) -> str:
    """A run as tab-separated text: `RUN_COLUMNS`."""
    return _line([getattr(run, field) for field in RUN_COLUMNS])


def _table(names: Sequence[str], numbers: Sequence[str], last: Sequence[str], *, fill: bool = False) -> Table:
    """A table without lines. fill: the last column gets what is left of the terminal's width, and may be cut."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=fill)
    for name in names:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, no_wrap=True, justify="right")
    for name in last:
        table.add_column(name, no_wrap=True, ratio=1 if fill else None)
    return table


def _number(entry: Entry, field: str, written: Callable[[float], str]) -> str:
    value = entry.known(field)
    return "-" if value is None else written(value)


def _short(text: str, length: int) -> str:
    line = " ".join(clean(text).split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _line(values: Sequence[object]) -> str:
    return "\t".join("" if value is None else _cell(str(value)) for value in values)


def _cell(text: str) -> str:
    r"""Text that keeps to its cell: backslashes, tabs and ends of lines as `\\`, `\t` and `\n`."""
    return clean(re.sub(r"[\\\t\n\r]", lambda match: _BREAKS[match[0]], text))
