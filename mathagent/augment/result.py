"""What comes of an augmentation: the new problems, the ledger, the counts; and the files of all three."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mathagent.augment.entry import Entry
from mathagent.data import DataSet, Problem
from mathagent.run.folder import write_whole
from mathagent.run.staged import write_lines


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What came of it. entries: of the ledger, in order. problems: those that were kept, as a data set has them."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    summary: Mapping[str, Any]


def problem_of(entry: Entry, source: str) -> Problem:
    """The new problem of an entry, as the next stage asks it. source: the data set that it goes back to."""
    return Problem(
        id=entry.id,
        text=entry.problem,
        gold=entry.expected_answer,
        source=source,
        kind=entry.way,
        group=entry.id,
    )


def written(
    path: Path, entries: Sequence[Entry], data: DataSet, sources: Mapping[str, Problem]
) -> Augmentation:
    """Write the files of the result."""
    records = [entry.record(data.name, sources[entry.source].kind) for entry in entries if entry.kept]
    summary = summary_of(entries)
    write_lines(path / "ledger.jsonl", (entry.model_dump() for entry in entries))
    write_lines(path / "problems.jsonl", records)
    write_whole(path / "summary.json", json.dumps(summary, indent=2) + "\n")
    problems = tuple(
        replace(problem_of(entry, data.name), kind=sources[entry.source].kind, extra=record)
        for entry, record in zip((entry for entry in entries if entry.kept), records, strict=True)
    )
    return Augmentation(tuple(entries), problems, summary)


def summary_of(entries: Sequence[Entry]) -> dict[str, Any]:
    """Counts by way and by reason, and the cost: tokens that models wrote, seconds in models and kernels."""
    ways = dict.fromkeys(entry.way for entry in entries)
    return {
        "asked": len(entries),
        "kept": sum(entry.kept for entry in entries),
        "dropped": dict(Counter(entry.outcome for entry in entries if not entry.kept).most_common()),
        "ways": {
            way: {
                "asked": sum(entry.way == way for entry in entries),
                "kept": sum(entry.way == way and entry.kept for entry in entries),
            }
            for way in ways
        },
        "tokens": {
            "asked": sum(entry.asked_tokens for entry in entries),
            "solved": sum(entry.solved_tokens for entry in entries),
        },
        "seconds": {
            "asked": round(sum(entry.asked_seconds for entry in entries), 1),
            "solved": round(sum(entry.solved_seconds for entry in entries), 1),
        },
    }
