"""MathCoder's `debug_result`: entries of the roles system, user, text, code and execution.

The text is put together as MathCoder's own `src/inference.py` (mathllm/MathCoder, Apache-2.0) did it: the model's
blocks and the executions after code, until the model says `<|endofmessage|>` or 16 blocks are over. Two texts in a row
are one that was cut at 512 tokens. The last text of a record repeats the answer that was taken from the one before it,
and was never said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mathagent.collection.imports.reading import Reading, Steps, text_at
from mathagent.data.problem import RowError

_EMPTY = "<empty_execution>"
_END = "<|endofblock|>"


def read_mathcoder(record: Mapping[str, Any]) -> Reading | None:
    """The reading of a record; None for one of another kind. Raises RowError."""
    entries = record.get("debug_result")
    if not isinstance(entries, list):
        return None
    if not all(isinstance(e, Mapping) and isinstance(e.get("content"), str) for e in entries):
        raise RowError("debug_result: an entry has no text")
    asked = [each for each in entries if each.get("role") in ("system", "user")]
    if not asked:
        raise RowError("debug_result: nobody asks anything")
    return Reading(
        format="mathcoder",
        protocol="mathcoder",
        steps=steps_of(entries).list,
        values={"problem": asked[-1]["content"].strip()},
        model=text_at(record, "model"),
        messages=[{"role": each["role"], "content": each["content"]} for each in asked],
    )


def steps_of(entries: Sequence[Mapping[str, Any]]) -> Steps:
    """The steps of a record's entries. Raises RowError for a role that is none."""
    said = [each for each in entries if each.get("role") not in ("system", "user")]
    finished = [each.get("role") for each in said[-2:]] == ["text", "text"]
    if finished:
        said = said[:-1]
    steps, open_text = Steps("mathcoder"), ""
    for entry in said:
        role, content = entry.get("role"), entry["content"]
        if role == "text":
            open_text = open_text.removesuffix(_END) if open_text else "<|text|>"
            open_text += f"{content}{_END}"
            continue
        steps.prose(open_text)
        open_text = ""
        if role == "code":
            steps.code(f"<|code|>{content}{_END}", content)
        elif role == "execution" and steps.codes:
            steps.output(f"<|execution|>{content}{_END}", "" if content == _EMPTY else content)
        else:
            raise RowError(f"debug_result: {role!r} is no role there")
    steps.prose(open_text + ("<|endofmessage|>" if finished else ""))
    return steps
