"""A reply as the protocol's own text, with the spans that a model is trained on: what it wrote itself, no outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mathagent.errors import UsageError
from mathagent.examples.example import Example
from mathagent.protocols import Part, protocol
from mathagent.protocols.tools import Tools
from mathagent.trace.schema import ChoiceStep, CodeStep, OutputStep, PrefillStep, Trace
from mathagent.types import Message, TextInput

_TRAINED = {"model": True, "kernel": False, "prompt": False}


@dataclass(frozen=True, slots=True)
class Masked:
    """A text, and its spans in order: start, end (characters, without gaps), and whether it is trained on."""

    text: str
    spans: tuple[tuple[int, int, bool], ...]

    def records(self) -> list[dict[str, Any]]:
        """The spans as objects."""
        return [{"start": start, "end": end, "train": train} for start, end, train in self.spans]


def reply_text(trace: Trace) -> Masked:
    """The reply as it was sent and said. Raises UsageError for a protocol whose calls stand in no text."""
    return _masked(reply_parts(trace))


def whole_text(example: Example, *, worked: bool = False) -> tuple[Masked, bool]:
    """The rendered prompt and the reply, where the protocol renders prompts; otherwise the reply alone.

    Returns it, and whether the prompt is in it: a chat model's own template has to put the reply after its prompt.
    The model's end of turn is no part of the text.
    """
    parts = reply_parts(example.trace)
    messages = [
        Message(message["role"], message["content"], message.get("name"))
        for message in example.prompt(worked=worked)
    ]
    request = protocol(example.trace.protocol).request(messages, parts, can_continue=True)
    if not isinstance(request, TextInput) or not isinstance(request.prompt, str):
        return _masked(parts), False
    reply = "".join(part.raw for part in parts)
    return _masked([Part("prompt", request.prompt.removesuffix(reply)), *parts]), True


def reply_parts(trace: Trace) -> list[Part]:
    """The stretches of a reply and who wrote each. Raises UsageError for the protocol of tool calls."""
    if trace.protocol == Tools.name:
        raise UsageError(
            "the protocol tools has no text of its own", "--format chat or trl-sft have its calls as messages"
        )
    parts = []
    for step in trace.steps:
        if isinstance(step, OutputStep):
            parts.append(Part("kernel", step.raw))
        elif isinstance(step, PrefillStep):
            parts.append(Part("prompt", step.raw))
        elif isinstance(step, ChoiceStep):
            parts += [Part("prompt", step.lead), Part("model", step.raw.removeprefix(step.lead))]
        elif step.raw or isinstance(step, CodeStep):
            parts.append(Part("model", step.raw))
    return parts


def _masked(parts: list[Part]) -> Masked:
    spans: list[tuple[int, int, bool]] = []
    at = 0
    for part in parts:
        train, end = _TRAINED[part.author], at + len(part.raw)
        if spans and spans[-1][2] is train:
            spans[-1] = (spans[-1][0], end, train)
        elif part.raw:
            spans.append((at, end, train))
        at = end
    return Masked("".join(part.raw for part in parts), tuple(spans))
