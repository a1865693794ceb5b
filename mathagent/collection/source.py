"""Where a collection comes from: the folder of a run, a trace file, or a file of another tool."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mathagent.collection.entry import Entry, Texts, entry_of, texts_of
from mathagent.collection.frames import step_frame, trace_frame
from mathagent.collection.imports import is_trace_file, read_imports
from mathagent.collection.query import Query, parse_query
from mathagent.errors import TraceError, UsageError
from mathagent.run.folder import read_settings
from mathagent.run.rows import Row, read_results
from mathagent.trace import default_file, read_at, scan
from mathagent.trace.schema import GradeRecord, Trace

if TYPE_CHECKING:
    import pandas as pd


class Collection:
    """Traces of one source, in the order of the file. Made by `open_collection`.

    Only entries are kept in memory; a trace is read from the file when it is asked for, its texts once.

    Attributes:
        path: the folder or the file. name: for a title. settings: of a run; empty for anything else.
        entries: one for each trace. rows: the results of a run, where there are any, by trace id.
        notices: what a person should know, a line each.
    """

    def __init__(
        self,
        path: Path,
        entries: list[Entry],
        traces: Path | list[Trace],
        offsets: list[int],
        *,
        settings: dict[str, Any] | None = None,
        rows: dict[str, Row] | None = None,
        notices: list[str] | None = None,
    ) -> None:
        self.path = path
        self.name = path.resolve().name if path.is_dir() else path.name
        self.entries = entries
        self.settings = settings or {}
        self.rows = rows or {}
        self.notices = notices or []
        self._traces = traces
        self._offsets = offsets
        self._texts: dict[int, Texts] = {}

    def trace(self, entry: Entry) -> Trace:
        """The whole trace, with the verdict of the last grading. Raises TraceError if the file has changed under it."""
        if isinstance(self._traces, list):
            return self._traces[entry.place]
        trace = read_at(self._traces, self._offsets[entry.place])
        return _regraded(trace, self.rows.get(trace.id))

    def texts(self, entry: Entry) -> Texts:
        """Its texts, for a search."""
        if entry.place not in self._texts:
            self._texts[entry.place] = texts_of(self.trace(entry))
        return self._texts[entry.place]

    def select(self, query: Query) -> list[Entry]:
        """The entries that a query wants, in order."""
        return [entry for entry in self.entries if query.wants(entry, partial(self.texts, entry))]

    def find(self, name: str | None) -> Entry:
        """The entry whose trace id begins or ends with `name`; `PROBLEM` or `PROBLEM:SAMPLE`; None for the last one.

        Raises TraceError for none or several.
        """
        if name is None:
            found = self.entries[-1:]
        else:
            found = [each for each in self.entries if name in (f"{each.problem}:{each.sample}", each.id)]
            found = found or [each for each in self.entries if each.problem == name][:1]
            found = found or [each for each in self.entries if _is_called(each, name)]
        if not found:
            missing = f"no trace called {name!r}" if name else "no trace"
            raise TraceError(f"{missing} in {self.path}", f"mathagent traces {self.path} lists them")
        if len({each.id for each in found}) > 1:
            ids = sorted(each.id for each in found)
            raise TraceError(f"{len(found)} traces are called {name!r}", f"for example {ids[0]}, {ids[-1]}")
        return found[-1]

    def problems(self) -> dict[str, list[Entry]]:
        """The entries of every problem, samples in order, problems in the order in which they came up."""
        grouped: dict[str, list[Entry]] = {}
        for entry in self.entries:
            grouped.setdefault(entry.problem, []).append(entry)
        return {problem: sorted(mine, key=lambda each: each.sample) for problem, mine in grouped.items()}

    def frame(self, of: Literal["traces", "steps"] = "traces", query: Query | str = "") -> pd.DataFrame:
        """A pandas DataFrame (pip install 'mathagent[traces]').

        Args:
            of: "traces" has a row for each trace, with the fields of `Entry`; "steps" a row for each of their steps:
                id, problem and sample of the trace, step (from 0), type, at, index of the code, status and finish,
                seconds, tokens, text (prose, code or output).
            query: which traces; all of them by default.

        What is not known is missing (NA, NaN, NaT). Raises UsageError without pandas, or for a query with a fault.
        """
        entries = self.select(parse_query(query) if isinstance(query, str) else query)
        if of == "steps":
            return step_frame([self.trace(entry) for entry in entries])
        return trace_frame(entries)


def open_collection(path: Path | str | None = None) -> Collection:
    """Open the folder of a run, a trace file (None: the default one), or a file of another tool (see `imports`).

    Raises UsageError where there is nothing that can be read as traces, TraceError for a damaged record.
    """
    path = default_file() if path is None else Path(path)
    if path.is_dir():
        return _open_run(path)
    if not is_trace_file(path):
        return _open_imports(path)
    entries, offsets = _scan(path, {})
    return Collection(path, entries, path, offsets)


def _open_imports(path: Path) -> Collection:
    found = read_imports(path)
    pairs = enumerate(zip(found.traces, found.rows, strict=True))
    entries = [entry_of(place, trace, row) for place, (trace, row) in pairs]
    rows = {trace.id: row for trace, row in zip(found.traces, found.rows, strict=True)}
    return Collection(path, entries, found.traces, [], rows=rows, notices=found.bad)


def _open_run(path: Path) -> Collection:
    settings = read_settings(path)
    results, traces = path / "results.jsonl", path / "traces.jsonl"
    if not traces.exists():
        raise UsageError(f"{path}: the run has no traces yet")
    rows, notices = read_results(results) if results.exists() else ([], [])
    by_trace = {row.trace_id: row for row in rows if row.trace_id}
    entries, offsets = _scan(traces, by_trace)
    return Collection(path, entries, traces, offsets, settings=settings, rows=by_trace, notices=notices)


def _scan(path: Path, rows: dict[str, Row]) -> tuple[list[Entry], list[int]]:
    entries: list[Entry] = []
    offsets: list[int] = []
    for offset, trace in scan(path):
        entries.append(entry_of(len(entries), trace, rows.get(trace.id)))
        offsets.append(offset)
    return entries, offsets


def _regraded(trace: Trace, row: Row | None) -> Trace:
    """The trace with the verdict of its row, which a later `mathagent grade` may have changed."""
    if row is None or entry_of(0, trace).verdict == row.verdict:
        return trace
    grade = None
    if row.verdict != "ungraded":
        seconds = trace.grade.seconds if trace.grade else 0.0
        grade = GradeRecord(
            verdict=row.verdict, gold=row.expected_answer or "", detail=row.grade_detail, seconds=seconds
        )
    return trace.model_copy(update={"grade": grade})


def _is_called(entry: Entry, name: str) -> bool:
    return entry.id.startswith(name) or entry.id.endswith(f"-{name}")
