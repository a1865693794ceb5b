"""Write a collection's traces in the forms of other programs. Every writer replaces its file whole, or not at all.

atif     Agent Trajectory Interchange Format: a .jsonl file, a .json file for one trace, or a folder with a file each
otel     OpenTelemetry spans with OpenInference's attributes, as OTLP/JSON, a line for each trace
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from mathagent.collection.atif import trajectory
from mathagent.collection.send import send
from mathagent.collection.source import Collection
from mathagent.collection.spans import has_times, spans_of
from mathagent.errors import RunError, UsageError
from mathagent.run.folder import write_whole
from mathagent.trace.schema import Trace

TraceFormat = Literal["atif", "otel"]
TRACE_FORMATS: tuple[TraceFormat, ...] = get_args(TraceFormat)

_LINES = (".jsonl", ".ndjson")


def export_traces(collection: Collection, format: TraceFormat, target: Path) -> tuple[int, list[str]]:
    """Write all traces of a collection; how many, and what a person should know, a line each.

    Args:
        collection: the traces.
        format: one of `TRACE_FORMATS`.
        target: a file; for `atif` with several traces a .jsonl file or a folder.

    Raises RunError where the target can't be written, UsageError where there is nothing to write.
    """
    if not collection.entries:
        raise UsageError(f"{collection.path}: there are no traces")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"can't write {target}: {error.strerror}") from None
    if format == "otel":
        return _spans(collection, target)
    return _atif(collection, (collection.trace(entry) for entry in collection.entries), target), []


def _atif(collection: Collection, traces: Iterator[Trace], target: Path) -> int:
    number = len(collection.entries)
    if target.suffix in _LINES:
        write_whole(target, _lines(trajectory(trace) for trace in traces))
    elif number == 1:
        write_whole(target, json.dumps(trajectory(next(traces)), ensure_ascii=False, indent=2) + "\n")
    else:
        try:
            target.mkdir(exist_ok=True)
        except OSError as error:
            raise RunError(
                f"can't make the folder {target}: {error.strerror}",
                "several traces need one, or a .jsonl file",
            ) from None
        for place, trace in enumerate(traces):
            text = json.dumps(trajectory(trace), ensure_ascii=False, indent=2) + "\n"
            write_whole(target / f"{place:06}-{_file_name(trace.id)}.json", text)
    return number


def send_spans(collection: Collection, url: str) -> tuple[int, list[str]]:
    """Send all traces of a collection as spans to a server; how many, and what a person should know.

    Raises UsageError where there is nothing to send or the extra `otel` is missing, RunError from the server.
    """
    records, notices = _records(collection)
    return send(records, url), notices


def _spans(collection: Collection, target: Path) -> tuple[int, list[str]]:
    records, notices = _records(collection)
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    write_whole(target, "".join(lines))
    return len(lines), notices


def _records(collection: Collection) -> tuple[Iterator[dict[str, Any]], list[str]]:
    """The spans of each trace that can have some. Raises UsageError where none can."""
    timed = [entry for entry in collection.entries if has_times(collection.trace(entry))]
    if not timed:
        raise UsageError(
            f"{collection.path}: no trace has recorded times, and spans are nothing without them"
        )
    missing = len(collection.entries) - len(timed)
    notices = [f"{missing} traces without recorded times are left out"] if missing else []
    return (spans_of(collection.trace(entry), collection.name) for entry in timed), notices


def _lines(records: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _file_name(id: str) -> str:
    """An id as a part of a file's name: the ids of others may hold anything."""
    return re.sub(r"[^\w.-]+", "_", id)[:80]
