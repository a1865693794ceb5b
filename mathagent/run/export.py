"""Write a run's rows in the forms that other programs read. Every writer replaces its file whole, or not at all.

parquet     one flat row a sample; lists and objects as JSON text
lm-eval     lm-evaluation-harness's sample rows, one a problem
nemo        NeMo-Skills' output.jsonl; a folder of output-rs0.jsonl, output-rs1.jsonl, ... for several samples
internlm    rows of InternLM-Math's agent, one a sample
sheet       a CSV sheet for people who mark solutions (`mathagent grade --marks` reads it back)
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from mathagent.data import SheetRow, write_sheet
from mathagent.errors import RunError
from mathagent.run.folder import write_whole
from mathagent.run.regrade import sheet_id
from mathagent.run.rows import Row

Format = Literal["parquet", "lm-eval", "nemo", "internlm", "sheet"]
FORMATS: tuple[Format, ...] = get_args(Format)


def export(
    rows: Sequence[Row], format: Format, target: Path, sampling: Mapping[str, Any] | None = None
) -> int:
    """Write the rows, sorted by sample number and otherwise in their order; how many lines or rows that made.

    Args:
        rows: of a run.
        format: one of `FORMATS`.
        target: a file; a folder for `nemo` with several samples.
        sampling: generation settings of the run, for the formats that have a place for them.

    Raises RunError or DataError where the file can't be written, and RunError for `parquet` without pyarrow.
    """
    ordered = sorted(rows, key=lambda row: row.sample)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"can't write {target}: {error.strerror}") from None
    return _WRITERS[format](ordered, target, sampling or {})


def _parquet(rows: Sequence[Row], target: Path, sampling: Mapping[str, Any]) -> int:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise RunError("Parquet needs pyarrow", "pip install 'mathagent[data]'") from None
    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_()}
    columns: dict[str, Any] = {}
    for name, field in Row.model_fields.items():
        values = [getattr(row, name) for row in rows]
        kind = _plain_type(field.annotation)
        texts = values if kind else [_json(value) for value in values]
        columns[name] = pyarrow.array(texts, types[kind or str])  # the same types whatever this run has
    for name in dict.fromkeys(name for row in rows for name in row.model_extra or {}):
        columns[name] = pyarrow.array([_json((row.model_extra or {}).get(name)) for row in rows])
    table = pyarrow.table(columns)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        pyarrow.parquet.write_table(table, beside, compression="zstd")
        beside.replace(target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise RunError(f"can't write {target}: {error.strerror or error}") from None
    return len(rows)


def _plain_type(annotation: Any) -> type | None:
    """The type of a column that holds plain values or nulls; None for lists and objects."""
    if get_origin(annotation) in (list, dict):
        return None
    inner = [each for each in get_args(annotation) or (annotation,) if each is not type(None)]
    if any(isinstance(each, str) or get_origin(each) is Literal for each in inner):
        return str
    return inner[0] if inner[0] in (str, int, float, bool) and len(inner) == 1 else None


def _nemo(rows: Sequence[Row], target: Path, sampling: Mapping[str, Any]) -> int:
    by_sample: dict[int, list[Row]] = {}
    for row in rows:
        by_sample.setdefault(row.sample, []).append(row)
    if len(by_sample) == 1:
        return _lines(map(_nemo_row, rows), target)
    try:
        target.mkdir(exist_ok=True)
    except OSError as error:
        raise RunError(
            f"can't make the folder {target}: {error.strerror}", "several samples need one"
        ) from None
    return sum(
        _lines(map(_nemo_row, mine), target / f"output-rs{sample}.jsonl")
        for sample, mine in by_sample.items()
    )


def _nemo_row(row: Row) -> dict[str, Any]:
    written = row.model_dump(mode="json", exclude={"extra", "steps", "also", "group", "rotations", "cluster"})
    return {**row.extra, **written}


def _internlm(rows: Sequence[Row], target: Path, sampling: Mapping[str, Any]) -> int:
    return _lines(
        (
            {
                **row.extra,
                "problem": row.problem,
                "level": row.level,
                "type": row.type,
                "idx": row.extra.get("idx", row.id),
                "query": row.problem,
                "gt": row.expected_answer,
                "pred": [] if row.predicted_answer is None else [row.predicted_answer],
                "steps": row.steps,
                "error": row.error,
                "score": [row.verdict == "correct"] if row.counted else [],
                "sample": row.sample,
            }
            for row in rows
        ),
        target,
    )


def _lm_eval(rows: Sequence[Row], target: Path, sampling: Mapping[str, Any]) -> int:
    problems: dict[str, list[Row]] = {}
    for row in rows:
        if row.error is None and row.stopped is None:
            problems.setdefault(row.id, []).append(row)
    return _lines(
        (_lm_eval_row(number, mine, sampling) for number, mine in enumerate(problems.values())), target
    )


def _lm_eval_row(number: int, rows: Sequence[Row], sampling: Mapping[str, Any]) -> dict[str, Any]:
    first = rows[0]
    graded = [row for row in rows if row.counted]
    doc = first.extra or {"problem": first.problem, "answer": first.expected_answer}
    target = first.expected_answer or ""
    scores = {"exact_match": sum(row.verdict == "correct" for row in graded) / len(graded)} if graded else {}
    return {
        "doc_id": number,
        "doc": doc,
        "target": target,
        "arguments": {"gen_args_0": {"arg_0": first.problem, "arg_1": dict(sampling)}},
        "resps": [[row.generation for row in rows]],
        "filtered_resps": [row.predicted_answer or "" for row in rows],
        "filter": "boxed",
        "metrics": list(scores),
        "doc_hash": _sha256(json.dumps(doc, indent=2, ensure_ascii=False)),
        "prompt_hash": _sha256(first.problem),
        "target_hash": _sha256(target),
        **scores,
    }


def _sheet(rows: Sequence[Row], target: Path, sampling: Mapping[str, Any]) -> int:
    several = len({row.id for row in rows}) < len(rows)
    return write_sheet(
        (
            SheetRow(
                sheet_id(row, several),
                row.problem,
                row.predicted_answer or "",
                row.generation,
                row.max_marks,
            )
            for row in rows
            if row.error is None and row.stopped is None
        ),
        target,
    )


def _lines(records: Iterable[Mapping[str, Any]], target: Path) -> int:
    lines = [_json(record) for record in records]
    write_whole(target, "".join(line + "\n" for line in lines))
    return len(lines)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_WRITERS: Mapping[Format, Callable[[Sequence[Row], Path, Mapping[str, Any]], int]] = {
    "parquet": _parquet,
    "lm-eval": _lm_eval,
    "nemo": _nemo,
    "internlm": _internlm,
    "sheet": _sheet,
}
