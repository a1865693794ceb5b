"""MINT's `state.history`: a chat in which code stands in `<execute>`, and observations come back as the user's turns.

The turns are parted by the frames of the `execute` protocol. MINT ran all blocks of a message as one, and none where
the message proposed a solution: the output stands with the last block of its message, and the observation that a
solution is wrong, or that the input is not understood, is text. The last one is in `state.latest_output`, unless
MINT kept the one before it there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mathagent.collection.imports.reading import Reading, Steps, count_at, text_at
from mathagent.collection.imports.transcript import split
from mathagent.data.problem import RowError
from mathagent.protocols.frames import escaped, frame
from mathagent.trace.schema import CodeStep

_EXECUTE = re.compile(r"<execute>(.*?)(?:</execute>|\Z)", re.DOTALL)
_SOLUTION = re.compile(r"<solution>(.*?)</solution>", re.DOTALL)
_OBSERVATION = re.compile(r"Observation:\n(.*?)\n?(?:You have \d+ steps? left.*)?", re.DOTALL)
_NO_OUTPUT = "[Executed Successfully with No Output]"
_NOTHING_RAN = ("I don't understand your input", "Your answer is wrong")


def read_mint(record: Mapping[str, Any]) -> Reading | None:
    """The reading of a record; None for one of another kind. Raises RowError."""
    state, task = record.get("state"), record.get("task")
    if not isinstance(state, Mapping) or not isinstance(history := state.get("history"), list):
        return None
    if not history or not all(isinstance(e, Mapping) and isinstance(e.get("content"), str) for e in history):
        raise RowError("state.history: a message has no text")
    task = task if isinstance(task, Mapping) else {}
    asked, *turns = history
    last = text_at(state, "latest_output", "content")
    heard = [turn["content"] for turn in history if turn.get("role") != "assistant"]
    if turns and turns[-1].get("role") == "assistant" and last and last not in heard[-1:]:
        turns = [*turns, {"role": "user", "content": last}]
    solutions = [each for turn in turns for each in _solutions(turn)]
    counter = ("token_counter",)
    return Reading(
        format="mint",
        protocol="execute",
        steps=_steps(turns).list,
        values={
            "id": task.get("task_id"),
            "problem": text_at(task, "prompt").strip(),
            "expected_answer": task.get("reference"),
            "predicted_answer": solutions[-1].strip() if solutions else "",
            "generation": "",
            "is_correct": state.get("success"),
        },
        model=text_at(record, "model"),
        messages=[{"role": str(asked.get("role", "user")), "content": asked["content"]}],
        tokens=(
            count_at(state, *counter, "completion_tokens"),
            count_at(state, *counter, "prompt_tokens"),
        ),
        ended=text_at(state, "terminate_reason"),
    )


def _solutions(turn: Mapping[str, Any]) -> list[str]:
    return _SOLUTION.findall(turn["content"]) if turn.get("role") == "assistant" else []


def _steps(turns: Sequence[Mapping[str, Any]]) -> Steps:
    steps, ran = Steps("execute"), False
    for turn in turns:
        if turn.get("role") == "assistant":
            ran = _message(steps, escaped(turn["content"])) and not _solutions(turn)
            continue
        content = escaped(turn["content"])
        observed = _OBSERVATION.fullmatch(turn["content"])
        if ran and observed and not observed[1].startswith(_NOTHING_RAN):
            printed = observed[1].rstrip("\n")
            raw = f"{frame('user')}{content}{frame('assistant')}"
            steps.output(raw, "" if printed == _NO_OUTPUT else printed)
        else:
            steps.markup(frame("user"))
            steps.words(content)
            steps.markup(frame("assistant"))
        ran = False
    return steps


def _message(steps: Steps, text: str) -> bool:
    """A message of the model; whether there is code in it. Where it has tags, fences are no code."""
    before = steps.codes
    if "<execute>" in text:
        at = 0
        for block in _EXECUTE.finditer(text):
            steps.prose(text[at : block.start()])
            steps.code(block[0], block[1].strip("\n"), closed=block[0].endswith("</execute>"))
            at = block.end()
        steps.prose(text[at:])
    else:
        for step in split(text, "markdown").list:
            if isinstance(step, CodeStep):
                steps.code(step.raw, step.code, closed=step.closed)
            else:
                steps.prose(step.raw)
    return steps.codes > before
