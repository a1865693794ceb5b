"""InternLM2-Math: three records in three forms (steps of the authors' script, an agent's memory, a demonstration).

The turns are written as the model's chat template has them: `<|action_start|><|interpreter|>`, the code, fenced,
`<|action_end|>`, then the environment's turn and a new one of the assistant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mathagent.answers import boxed
from tests.playback.records import Record, rows
from tests.replay.recording import Recording

OPENING = "<|im_end|>\n<|im_start|>assistant\n"
_ACTION, _DONE = "<|action_start|><|interpreter|>\n", "<|action_end|>\n"
_TURN = "<|im_end|>\n<|im_start|>environment name=<|interpreter|>\n{}<|im_end|>\n<|im_start|>assistant\n"
_OUTPUT_BLOCK = re.escape(_TURN).replace(re.escape("{}"), ".*?")


def load(file: Path) -> list[Record]:
    """The three samples."""
    return [_record(source, *_steps(row), gold=row.get("gt", "")) for source, row in rows(file)]


def _steps(row: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """The problem, and (role, text) with the roles language, tool and environment."""
    if row["format"] == "internlm-math-agent-steps":
        steps = [
            (
                each["role"],
                each["content"] if each["role"] != "tool" else each["content"]["parameters"]["command"],
            )
            for each in row["steps"]
        ]
        return row["problem"], steps
    if row["format"] == "lagent-few-shot":
        user, *rest = row["messages"]
        return user["content"], [(each["role"], each["content"]) for each in rest]
    user, *memory = row["agent.memory"]
    steps = []
    for each in memory:
        if each["sender"] == "ActionExecutor":
            steps.append(("environment", each["content"]))
            continue
        steps.append(("language", each["formatted"]["thought"]))
        if each["formatted"]["action"] is not None:
            steps.append(("tool", each["formatted"]["action"]))
    return user["content"], steps


def _record(source: str, problem: str, steps: Sequence[tuple[str, str]], *, gold: str) -> Record:
    said, turns, codes, outputs = [""], [], [], []
    for role, text in steps:
        if role == "language":
            said[-1] += text
        elif role == "tool":
            said[-1] += f"{_ACTION}{text}{_DONE}"
            codes.append(text.removeprefix("```python\n").removesuffix("```"))
        else:
            turns.append(_TURN.format(text))
            outputs.append(text)
            said.append("")
    answer = (boxed(said[-1]) or [""])[-1]
    said[-1] += "<|im_end|>"
    recording = Recording(
        problem.strip(), tuple(said), tuple(turns), output_block=_OUTPUT_BLOCK, opening=OPENING, source=source
    )
    return Record(source, recording, tuple(codes), tuple(outputs), answer, gold or answer)
