"""Collections as pandas DataFrames: one row a trace, or one row a step. pandas comes with the extra `traces`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from mathagent.collection.entry import Entry
from mathagent.errors import UsageError
from mathagent.trace.schema import CodeStep, FailureStep, OutputStep, RequestStep, Step, TextStep, Trace

if TYPE_CHECKING:
    import pandas as pd

_WORDS = ("dataset", "level", "type", "model", "mode", "protocol", "finish", "verdict")
_COUNTS = ("sample", "cluster", "tokens", "prompt_tokens", "rounds", "errors")
_TRACES: Mapping[str, str] = {
    **{field.name: "string" for field in fields(Entry) if field.name != "unknown"},
    **dict.fromkeys(_WORDS, "category"),
    **dict.fromkeys(_COUNTS, "Int64"),
    **dict.fromkeys(("reward", "seconds", "model_seconds", "kernel_seconds"), "float64"),
    "place": "int64",
    "stopped": "bool",
}
_STEPS: Mapping[str, str] = {
    **dict.fromkeys(("id", "problem"), "string"),
    **dict.fromkeys(("sample", "step", "index"), "Int64"),
    **dict.fromkeys(("type", "status", "finish"), "category"),
    **dict.fromkeys(("at", "seconds", "first_token_seconds"), "float64"),
    **dict.fromkeys(("prompt_tokens", "completion_tokens", "cached_tokens"), "Int64"),
    "text": "string",
}


def trace_frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """One row for each entry, with its fields; what is not known is missing. Raises UsageError without pandas."""
    rows = [{name: entry.known(name) for name in _TRACES} for entry in entries]
    frame = _frame(rows, _TRACES)
    frame["started"] = _pandas().to_datetime(frame["started"], utc=True, format="ISO8601")
    return frame


def step_frame(traces: Sequence[Trace]) -> pd.DataFrame:
    """One row for each step of the traces, in order. Raises UsageError without pandas."""
    return _frame([row for trace in traces for row in _step_rows(trace)], _STEPS)


def _step_rows(trace: Trace) -> list[dict[str, Any]]:
    about = {"id": trace.id, "problem": trace.problem.id, "sample": trace.sample}
    timed = trace.known("steps.at")
    return [
        {**about, "step": number, "type": step.type, "at": step.at if timed else None, **_of(trace, step)}
        for number, step in enumerate(trace.steps)
    ]


def _of(trace: Trace, step: Step) -> dict[str, Any]:
    match step:
        case TextStep():
            return {"text": step.reasoning + step.raw}
        case CodeStep():
            return {"index": step.index, "text": step.code}
        case OutputStep():
            found = {"index": step.index, "text": step.shown, "status": step.result.get("status")}
            return found | ({"seconds": step.result.get("seconds")} if trace.known("output.seconds") else {})
        case RequestStep():
            return {name: getattr(step, name) for name in _STEPS if name in RequestStep.model_fields}
        case FailureStep():
            return {"text": step.message, "status": step.kind}
        case _:
            return {"text": step.raw}


def _frame(rows: Sequence[Mapping[str, Any]], types: Mapping[str, str]) -> pd.DataFrame:
    pandas = _pandas()
    columns = {
        name: pandas.Series([row.get(name) for row in rows], dtype=kind) for name, kind in types.items()
    }
    return pandas.DataFrame(columns)


def _pandas() -> Any:
    try:
        import pandas
    except ImportError:
        raise UsageError("frames need pandas", "pip install 'mathagent[traces]'") from None
    return pandas
