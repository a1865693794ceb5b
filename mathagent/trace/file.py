"""Trace files: JSON Lines, one `Trace` a line, appended and never rewritten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from mathagent.errors import TraceError
from mathagent.home import home
from mathagent.trace.schema import SCHEMA, Trace


def default_file() -> Path:
    """Where traces go unless a flag says otherwise: `traces.jsonl` in mathagent's home folder."""
    return home() / "traces.jsonl"


def append(path: Path, trace: Trace) -> None:
    """Append one record, as one write that reaches the disk before this returns.

    A last line that a crash tore is ended first, so that it can't swallow this one. Raises TraceError.
    """
    line = trace.model_dump_json().encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise TraceError(f"can't write the trace to {path}: {error.strerror}", "use --trace FILE") from None


def read(path: Path) -> Iterator[Trace]:
    """All records of a file, oldest first; a torn line is passed over. Raises TraceError."""
    for _, trace in scan(path):
        yield trace


def scan(path: Path) -> Iterator[tuple[int, Trace]]:
    """All records of a file with their places in it (bytes, for `read_at`). Raises TraceError."""
    offset = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip() and (trace := _parse(path, number, line)) is not None:
                    yield offset, trace
                offset += len(line)
    except FileNotFoundError:
        raise TraceError(
            f"there is no trace file {path}", "solve a problem first, or name the file"
        ) from None
    except OSError as error:
        raise TraceError(f"can't read {path}: {error.strerror}") from None


def read_at(path: Path, offset: int) -> Trace:
    """The record that begins at a byte of the file. Raises TraceError where none does."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            line = file.readline()
    except OSError as error:
        raise TraceError(f"can't read {path}: {error.strerror}") from None
    try:
        return Trace.model_validate_json(line)
    except ValidationError:
        raise TraceError(f"{path} has changed: no trace begins at byte {offset}") from None


def _parse(path: Path, number: int, line: bytes) -> Trace | None:
    try:
        return Trace.model_validate_json(line.rstrip(b"\n"))
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid" and "EOF while parsing" in first["msg"]:
            return None  # a crash tore it: the record was never finished
        if first["loc"] == ("schema_version",):
            raise TraceError(
                f"{path}, line {number}: schema {first['input']} is not {SCHEMA}",
                "another version of mathagent wrote it",
            ) from None
        where = ".".join(map(str, first["loc"]))
        raise TraceError(f"{path}, line {number}: not a trace: {where}: {first['msg']}") from None
