"""MathCoder: blocks `<|text|>`, `<|code|>` and `<|execution|>`, each ended by `<|endofblock|>`.

The text is put together as MathCoder's own `src/inference.py` (mathllm/MathCoder, Apache-2.0) did it: the model's
blocks and the executions after code, until the model says `<|endofmessage|>` or 16 blocks are over. Two texts in a row
are one that was cut at 512 tokens. The last text of a record repeats the answer that was taken from the one before it,
and was never said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.playback.records import Record, rows
from tests.replay.recording import Recording

OPENING = "<|endofblock|><|endofmessage|><|assistant|>"
OUTPUT_BLOCK = r"<\|execution\|>.*?<\|endofblock\|>"
_EMPTY = "<empty_execution>"


def load(file: Path) -> list[Record]:
    """One file of results."""
    return [_record(source, row) for source, row in rows(file)]


def _record(source: str, row: dict[str, Any]) -> Record:
    _, user, *steps = row["debug_result"]
    finished = [step["role"] for step in steps[-2:]] == ["text", "text"]
    if finished:
        assert steps[-1]["content"] == row["completion"]
        steps = steps[:-1]
    said, outputs, codes, recorded = [""], [], [], []
    for number, step in enumerate(steps):
        content, before = step["content"], steps[number - 1]["role"] if number else ""
        if step["role"] == "execution":
            outputs.append(f"<|execution|>{content}<|endofblock|>")
            recorded.append("" if content == _EMPTY else content)
            said.append("")
        elif step["role"] == "code":
            codes.append(content)
            said[-1] += f"<|code|>{content}<|endofblock|>"
        elif before == "text":  # goes on where it was cut
            said[-1] = said[-1].removesuffix("<|endofblock|>") + f"{content}<|endofblock|>"
        else:
            said[-1] += f"<|text|>{content}<|endofblock|>"
    said[-1] += "<|endofmessage|>" if finished else ""
    answer = str(row["completion"])
    return Record(
        source,
        Recording(
            user["content"].strip(),
            tuple(said),
            tuple(outputs),
            output_block=OUTPUT_BLOCK,
            opening=OPENING,
            source=source,
            answer=answer,
        ),
        codes=tuple(codes),
        outputs=tuple(recorded),
        answer=answer,
        gold=str(row["ground_truth"]["answer"]),
        right=row.get("score"),
    )
