"""The labelled pairs of `corpus.jsonl`: ours, written from what graders of the field are documented to do.

A row has `gold`, `answer`, `equal` (the label), `kind` (for the tables) and `note` (why, where it is not plain).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_name("corpus.jsonl")


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled pair."""

    gold: str
    answer: str
    equal: bool
    kind: str
    note: str


def read_corpus(path: Path = _FILE) -> list[Row]:
    """All rows of a file in the corpus's form, in its order."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Row(row["gold"], row["answer"], row["equal"], row.get("kind", "any"), row.get("note", ""))
        for row in rows
    ]
