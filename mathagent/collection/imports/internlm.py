"""InternLM's agents: `steps` of InternLM-Math's script, the memory of a lagent agent, and messages with the same roles.

The text is put together as the chat template of InternLM2 has it, in which the model wrote and read it: an action for
each call of the interpreter, a turn of the environment for each output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mathagent.collection.imports.reading import Reading, Steps, text_at
from mathagent.data.problem import RowError
from mathagent.protocols.delimited import unfenced

_ACTION, _DONE, _END = "<|action_start|><|interpreter|>\n", "<|action_end|>\n", "<|im_end|>"
TURN = "<|im_end|>\n<|im_start|>environment name=<|interpreter|>\n{}<|im_end|>\n<|im_start|>assistant\n"
_ROLES = ["language", "tool", "environment"]

Said = tuple[str, str]
"""A role (language, tool, environment) and its text."""


def read_internlm(record: Mapping[str, Any]) -> Reading | None:
    """The reading of a record of these agents; None for a record of another kind. Raises RowError."""
    found = spoken(record)
    if found is None:
        return None
    problem, said = found
    steps = steps_of(said)
    return Reading(
        format="internlm",
        protocol="internlm2",
        steps=steps.list,
        values={
            **({"problem": problem} if problem else {}),
            "generation": "".join(text for role, text in said if role == "language"),
        },
        model=text_at(record, "model"),
        ended=text_at(record, "error"),
    )


def spoken(record: Mapping[str, Any]) -> tuple[str, list[Said]] | None:
    """The problem ("" where it is in a column) and what was said by whom. Raises RowError."""
    memory, steps, messages = record.get("agent.memory"), record.get("steps"), record.get("messages")
    if isinstance(memory, list) and memory and isinstance(memory[0], Mapping) and "sender" in memory[0]:
        return _of_memory(memory)
    if isinstance(steps, list) and steps and not record.get("generation") and _are_roles(steps):
        return "", [_said(each) for each in steps]
    if isinstance(messages, list) and _are_roles(messages[1:]) and text_at(messages[0], "role") == "user":
        return text_at(messages[0], "content"), [_said(each) for each in messages[1:]]
    return None


def steps_of(said: Sequence[Said]) -> Steps:
    """The steps of an InternLM2 model that said this."""
    steps = Steps("internlm2")
    for role, text in said:
        if role == "language":
            steps.prose(text)
        elif role == "tool":
            steps.code(f"{_ACTION}{text}{_DONE}", unfenced(text))
        elif steps.codes:
            steps.output(TURN.format(text), text)
        else:
            raise RowError("an output stands before any code")
    steps.markup(_END)
    return steps


def _are_roles(said: Sequence[Any]) -> bool:
    return bool(said) and all(isinstance(each, Mapping) and each.get("role") in _ROLES for each in said)


def _said(entry: Mapping[str, Any]) -> Said:
    role, content = str(entry["role"]), entry.get("content")
    if isinstance(content, Mapping):
        content = text_at(content, "parameters", "command")
    if not isinstance(content, str):
        raise RowError(f"a step of the role {role} has no text")
    return role, content


def _of_memory(memory: Sequence[Any]) -> tuple[str, list[Said]]:
    said: list[Said] = []
    for each in memory[1:]:
        if not isinstance(each, Mapping):
            raise RowError("an entry of the memory is no object")
        if each.get("sender") == "ActionExecutor":
            said.append(("environment", text_at(each, "content")))
            continue
        formatted = each.get("formatted")
        if not isinstance(formatted, Mapping):
            said.append(("language", text_at(each, "content")))
            continue
        said.append(("language", text_at(formatted, "thought")))
        if action := text_at(formatted, "action"):
            said.append(("tool", action))
    return text_at(memory[0], "content"), said
