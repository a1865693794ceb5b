"""MathCoder: blocks `<|text|>`, `<|code|>` and `<|execution|>`, each ended by `<|endofblock|>`.

The text is put together from the recorded entries by `mathagent.collection.imports.mathcoder`, without the protocol.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mathagent.collection.imports.mathcoder import steps_of
from tests.playback.records import Record, record_of, rows

OPENING = "<|endofblock|><|endofmessage|><|assistant|>"
OUTPUT_BLOCK = r"<\|execution\|>.*?<\|endofblock\|>"


def load(file: Path) -> list[Record]:
    """One file of results."""
    return [_record(source, row) for source, row in rows(file)]


def _record(source: str, row: dict[str, Any]) -> Record:
    answer = str(row["completion"])
    return record_of(
        source,
        row["debug_result"][1]["content"].strip(),
        steps_of(row["debug_result"]).list,
        output_block=OUTPUT_BLOCK,
        opening=OPENING,
        answer=answer,
        gold=str(row["ground_truth"]["answer"]),
        right=row.get("score"),
    )
