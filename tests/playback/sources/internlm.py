"""InternLM2-Math: three records in three forms (steps of the authors' script, an agent's memory, a demonstration).

The turns are written, as the model's chat template has them, by `mathagent.collection.imports.internlm`, without the
protocol.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mathagent.answers import boxed
from mathagent.collection.imports.internlm import TURN, spoken, steps_of
from tests.playback.records import Record, record_of, rows

OPENING = "<|im_end|>\n<|im_start|>assistant\n"
_OUTPUT_BLOCK = re.escape(TURN).replace(re.escape("{}"), ".*?")


def load(file: Path) -> list[Record]:
    """The three samples."""
    return [_record(source, row) for source, row in rows(file)]


def _record(source: str, row: dict[str, Any]) -> Record:
    found = spoken(row)
    assert found is not None, source
    problem, said = found
    steps = steps_of(said).list
    last = next(text for role, text in reversed(said) if role == "language")
    answer = (boxed(last) or [""])[-1] if said[-1][0] == "language" else ""
    return record_of(
        source,
        (problem or row["problem"]).strip(),
        steps,
        output_block=_OUTPUT_BLOCK,
        opening=OPENING,
        answer=answer,
        gold=row.get("gt", "") or answer,
    )
