"""Traces and collections that tests make: real records, written by the recorder and the run's own files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mathagent.collection import Entry
from mathagent.collection.entry import entry_of
from mathagent.data import Problem
from mathagent.run.rows import row_of
from mathagent.trace import Trace
from mathagent.trace.schema import GradeRecord
from tests.trace.conftest import make_trace


def entry(**fields: Any) -> Entry:
    """An entry of a wrong solve with two rounds."""
    made = replace(
        entry_of(0, make_trace("How many primes below 10?", "4")),
        id="20260101-000000-abcdef",
        problem="p1",
        sample=1,
        dataset="math",
        level="5",
        type="Number Theory",
        model="Qwen2.5-Math",
        verdict="wrong",
        tokens=120,
        rounds=2,
        seconds=2.5,
    )
    return replace(made, **fields)


def solved(problem: str, sample: int = 0, answer: str = "42", gold: str = "42", **about: Any) -> Trace:
    """A graded trace with every kind of step.

    about: level, kind, model, tokens, or any field of a trace.
    """
    trace = make_trace(f"Problem {problem}: what is 6 * 7?", answer)
    trace.sample = sample
    trace.problem.id, trace.problem.source = problem, "made"
    trace.problem.level, trace.problem.kind = about.pop("level", "1"), about.pop("kind", "Algebra")
    trace.model.name = about.pop("model", "m")
    trace.usage.completion_tokens = about.pop("tokens", 5)
    verdict = "correct" if answer == gold else "wrong"
    trace.grade = GradeRecord(verdict=verdict, gold=gold, detail="by hand", seconds=0)
    return trace.model_copy(update=about)


def write_run(folder: Path, traces: Sequence[Trace], **settings: Any) -> Path:
    """The folder of a finished run that has these traces and the rows that follow from them."""
    folder.mkdir(parents=True)
    problems = {
        trace.problem.id: Problem(
            id=trace.problem.id,
            text=trace.problem.text,
            gold=trace.grade.gold if trace.grade else None,
            level=trace.problem.level,
            kind=trace.problem.kind,
            source=trace.problem.source,
        )
        for trace in traces
    }
    samples = max(trace.sample for trace in traces) + 1
    data = {"name": "made", "problems": len(problems)}
    about = {"data": data, "samples": samples, "stop": None, "model": "m", "sampling": {}, **settings}
    (folder / "settings.json").write_text(json.dumps(about))
    (folder / "traces.jsonl").write_text("".join(trace.model_dump_json() + "\n" for trace in traces))
    rows = [row_of(trace, problems[trace.problem.id], trace.sample, None) for trace in traces]
    (folder / "results.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in rows))
    return folder
