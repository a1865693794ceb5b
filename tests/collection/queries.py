"""The shared table of queries: traces, queries, and what each finds or why it can't be read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathagent.trace import Trace
from mathagent.trace.schema import CodeStep, OutputStep, TextStep
from tests.collection.made import solved, write_run


@dataclass(frozen=True, slots=True)
class Case:
    """A query with what it finds (PROBLEM:SAMPLE), or the beginning of what is said where it can't be read."""

    query: str
    finds: tuple[str, ...] = ()
    says: str = ""


_TABLE = json.loads(Path(__file__).with_name("queries.json").read_text(encoding="utf-8"))
CASES = [
    Case(each["query"], tuple(each.get("finds", ())), each.get("says", "")) for each in _TABLE["queries"]
]


def queried_run(folder: Path) -> Path:
    """The folder of a run that has the table's traces."""
    return write_run(folder, [_trace(number, about) for number, about in enumerate(_TABLE["traces"])])


def _trace(number: int, about: dict[str, Any]) -> Trace:
    gold = about["gold"]
    trace = solved(
        about["problem"],
        about["sample"],
        about["answer"],
        gold or "",
        level=about["level"],
        kind=about["kind"],
        model=about["model"],
        tokens=about["tokens"],
        seconds=about["seconds"],
        id=f"t-{number}",
    )
    trace.problem.text, trace.problem.source = about["question"], about["dataset"]
    trace.usage.executions = about["executions"]
    trace.finish.reason = about.get("finish", "answer")
    if gold is None:
        trace.grade = None
    trace.steps = [
        TextStep(at=0, raw=about["prose"]),
        CodeStep(at=1, index=0, raw=about["code"], code=about["code"]),
        OutputStep(at=2, index=0, raw=about["output"], shown=about["output"], result={"status": "ok"}),
    ]
    return trace
