"""Files of other tools as traces: each record is read by the format that knows it, and judged as it was recorded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mathagent.collection.imports.internlm import read_internlm
from mathagent.collection.imports.mathcoder import read_mathcoder
from mathagent.collection.imports.mint import read_mint
from mathagent.collection.imports.reading import Reading, text_at
from mathagent.collection.imports.transcript import read_transcripts
from mathagent.data.files import read_rows
from mathagent.data.problem import BadRow, RowError
from mathagent.errors import DataError, UsageError
from mathagent.run.foreign import has_id, rows_of
from mathagent.run.rows import Row
from mathagent.trace.schema import (
    CodeStep,
    FinishRecord,
    GradeRecord,
    ImportRecord,
    ModelRecord,
    OutputStep,
    ProblemRecord,
    PromptRecord,
    Trace,
    UsageRecord,
)

NEVER_SAID = (
    *(
        "started",
        "seconds",
        "model.name",
        "model.endpoint",
        "prompt.messages",
        "sampling",
        "limits",
        "sandbox",
    ),
    *("usage.requests", "usage.prompt_tokens", "usage.completion_tokens"),
    *("usage.model_seconds", "usage.kernel_seconds", "steps.at", "output.status", "output.seconds"),
)
"""What records of other tools mostly do not say, as `ImportRecord.unknown` names it."""

_LOOKED_AT = 20  # lines of a file, until one tells what it is


@dataclass(slots=True)
class Imported:
    """The traces of a file, their rows (with the recorded verdicts) in the same order, a line about each bad row."""

    traces: list[Trace] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)


def is_trace_file(path: Path) -> bool:
    """Whether a file is to be read as traces of ours, as one of no known kind, and one that is not there, is."""
    if path.suffix.lower() in (".json", ".csv", ".tsv", ".parquet"):
        return False
    try:
        with path.open("rb") as file:
            for line in islice(file, _LOOKED_AT):
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                return not isinstance(record, dict) or "schema_version" in record
    except OSError:
        pass
    return True


def read_imports(path: Path, *, model: str = "", dataset: str = "") -> Imported:
    """The traces of another tool's file (JSON Lines, JSON, CSV, Parquet).

    Args:
        path: the file.
        model: what solved the problems, where the records don't say.
        dataset: where the problems are from, likewise.

    Raises UsageError where the file can't be read, or none of its rows.
    """
    found, seen = Imported(), _Seen()
    try:
        for record in read_rows(path):
            if isinstance(record, BadRow):
                found.bad.append(str(record))
                continue
            try:
                pairs = list(_traces(path, record.number, record.values, seen, model, dataset))
            except (RowError, ValidationError) as error:
                found.bad.append(f"{path}: row {record.number}: {_told(error)}")
                continue
            found.traces += [trace for trace, _ in pairs]
            found.rows += [row for _, row in pairs]
    except DataError as error:
        raise UsageError(error.message, error.hint) from None
    if not found.traces:
        first = f": {found.bad[0].removeprefix(f'{path}: ')}" if found.bad else ""
        raise UsageError(f"{path}: no row can be read as a trace{first}")
    return found


class _Seen:
    """What rows before had: samples of each id, and numbers for problems without an id."""

    def __init__(self) -> None:
        self.samples: Counter[str] = Counter()
        self._numbers: dict[str, str] = {}

    def named(self, values: Mapping[str, Any], problem: str, number: int) -> Mapping[str, Any]:
        """The values with an id: rows of one problem share the number of its first row."""
        if has_id(values) or not problem:
            return values
        return {**values, "id": self._numbers.setdefault(problem, str(number))}


def _traces(
    path: Path, number: int, values: Mapping[str, Any], seen: _Seen, model: str, dataset: str
) -> Iterator[tuple[Trace, Row]]:
    one = read_mathcoder(values) or read_mint(values) or read_internlm(values)
    readings = [one] if one is not None else list(read_transcripts(values))
    if not readings:
        raise RowError(f"no column for a reply; has: {', '.join(values)[:200]}")
    columns = {**values, **readings[0].values}
    problem = next(
        (text for name in ("problem", "question", "query", "input") if (text := columns.get(name))), ""
    )
    rows = list(rows_of(seen.named(columns, str(problem), number), number, seen.samples))
    if len(rows) != len(readings):
        raise RowError(f"{len(readings)} replies with {len(rows)} answers")
    for place, (reading, row) in enumerate(zip(readings, rows, strict=True)):
        id = f"{path.stem}-{number}" + (f".{place}" if len(rows) > 1 else "")
        trace = _trace(reading, row, id, model)
        trace.imported = _source(path, number, reading, row, model)
        trace.problem.source = (
            row.source or text_at(values, "dataset") or text_at(values, "data_source") or dataset
        )
        yield trace, row


def _trace(reading: Reading, row: Row, id: str, model: str) -> Trace:
    steps = reading.steps
    generated, sent = reading.tokens
    start = row.generation_start_time
    return Trace(
        id=id,
        sample=row.sample,
        stopped=row.stopped,
        started=datetime.fromtimestamp(start, UTC).isoformat(timespec="milliseconds")
        if start is not None
        else "",
        seconds=row.seconds,
        problem=ProblemRecord(id=row.id, text=row.problem, level=row.level, kind=row.type),
        model=ModelRecord(name=reading.model or model, endpoint=""),
        mode="tir" if any(isinstance(step, CodeStep) for step in steps) else "cot",
        protocol=reading.protocol,
        prompt=PromptRecord(name="", sha256="", messages=[dict(each) for each in reading.messages]),
        sampling={},
        limits={},
        sandbox=None,
        steps=steps,
        answer=row.predicted_answer,
        finish=_finish(reading, row),
        grade=grade_of(row),
        usage=UsageRecord(
            prompt_tokens=sent or 0,
            completion_tokens=generated or 0,
            cached_tokens=row.num_cached_tokens,
            executions=sum(isinstance(step, OutputStep) for step in steps),
            model_seconds=row.generation_time,
            kernel_seconds=row.code_execution_time,
        ),
        versions={},
    )


def _source(path: Path, number: int, reading: Reading, row: Row, model: str) -> ImportRecord:
    generated, sent = reading.tokens
    said = {
        "started": row.generation_start_time is not None,
        "seconds": row.seconds,
        "model.name": reading.model or model,
        "prompt.messages": reading.messages,
        "usage.prompt_tokens": sent is not None,
        "usage.completion_tokens": generated is not None,
        "usage.model_seconds": row.generation_time,
        "usage.kernel_seconds": row.code_execution_time,
    }
    unknown = [name for name in NEVER_SAID if not said.get(name)]
    return ImportRecord(format=reading.format, file=path.name, row=number, unknown=unknown)


def _finish(reading: Reading, row: Row) -> FinishRecord:
    """The reason follows from the answer, unless the record is one of ours; what it says itself is the detail."""
    reason = row.finish_reason or ("no_answer" if row.predicted_answer is None else "answer")
    return FinishRecord(
        reason=reason, detail=row.error or reading.ended or "the record does not say why it ended"
    )


def grade_of(row: Row) -> GradeRecord | None:
    """The verdict of a row, as a trace has it; None without one."""
    if row.verdict == "ungraded":
        return None
    return GradeRecord(
        verdict=row.verdict, gold=row.expected_answer or "", detail=row.grade_detail, seconds=0.0
    )


def _told(error: RowError | ValidationError) -> str:
    if isinstance(error, RowError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
