"""A reply as chat messages, whatever its protocol: code as calls of a tool `python`, outputs as the tool's messages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mathagent.examples.example import Chat
from mathagent.protocols.frames import unescaped
from mathagent.protocols.tools import Tools
from mathagent.trace.schema import ChoiceStep, CodeStep, OutputStep, PrefillStep, TextStep, Trace

NOTHING = "[no output]"
_WRITTEN = PrefillStep | TextStep | ChoiceStep | CodeStep | OutputStep
_THINK = re.compile(r"</?think>")


def reply_messages(trace: Trace) -> Chat:
    """The messages of a reply: the assistant's, with `tool_calls` where it ran code, and the tool's.

    Arguments of calls are objects ({"code": ...}). Thinking stands in `reasoning_content`. Markup of the protocol is
    left out; a block that was never run is text.
    """
    steps = [step for step in trace.steps if isinstance(step, _WRITTEN)]
    run = {step.index for step in steps if isinstance(step, OutputStep)}
    text = unescaped if trace.protocol == Tools.name else str
    messages: Chat = []
    said, thought = "", ""
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        match step:
            case CodeStep() if step.index in run:
                messages.append(_assistant(said, thought) | {"tool_calls": [_call(step)]})
                said, thought = "", ""
            case OutputStep():
                content = step.shown or NOTHING
                messages.append(
                    {"role": "tool", "name": "python", "tool_call_id": _id(step.index), "content": content}
                )
            case PrefillStep() if isinstance(after, CodeStep):
                pass  # the opening of the block, whose code is whole
            case TextStep(kind="thinking"):
                thought += text(_THINK.sub("", step.reasoning + step.raw))
            case TextStep(kind="markup"):
                pass
            case _:
                thought += step.reasoning if isinstance(step, TextStep) else ""
                said += text(step.raw)
    if said.strip() or thought.strip():
        messages.append(_assistant(said, thought))
    return messages


def has_calls(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether code was run in these messages."""
    return any(message.get("tool_calls") for message in messages)


def _assistant(said: str, thought: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": said.strip()}
    return message | ({"reasoning_content": thought.strip()} if thought.strip() else {})


def _call(step: CodeStep) -> dict[str, Any]:
    function = {"name": "python", "arguments": {"code": step.code}}
    return {"id": _id(step.index), "type": "function", "function": function}


def _id(index: int) -> str:
    return f"call_{index}"
