"""The forms in which trainers read examples, as JSON Lines.

sft         prompt and completion as texts, the completion being the protocol's own, with the spans to train on
chat        messages as OpenAI's fine-tuning takes them: code as tool calls, outputs as messages of the tool
sharegpt    conversations of human, gpt and observation turns (LLaMA-Factory, Axolotl)
trl-sft     messages and tools for TRL's SFTTrainer (assistant_only_loss leaves the tool's messages out)
dpo         prompt, chosen and rejected for TRL's DPOTrainer: a right and a wrong sample of one problem
text        the protocol's own text, the prompt rendered where the protocol does that, with the spans to train on
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathagent.examples.example import Chat, Example
from mathagent.examples.masks import reply_text, whole_text
from mathagent.examples.pairs import pairs
from mathagent.examples.turns import has_calls, reply_messages
from mathagent.protocols.tools import TOOL
from mathagent.run.staged import write_lines
from mathagent.trace.schema import Trace

_HUMAN = {"user": "human", "assistant": "gpt", "tool": "observation", "environment": "observation"}


@dataclass(frozen=True, slots=True)
class Form:
    """How examples are written.

    worked: with the worked examples of the prompt. pairs: of a problem, for `dpo`. calls: a reply as messages, its code
    as calls of a tool; otherwise as one message in the protocol's own text, which is what a model of that protocol is
    sent and says, and what every chat template can render.
    """

    worked: bool = False
    pairs: int = 1
    calls: bool = True

    def reply(self, trace: Trace) -> Chat:
        """The messages of a reply."""
        if self.calls:
            return reply_messages(trace)
        return [{"role": "assistant", "content": reply_text(trace).text}]


def write_examples(examples: Sequence[Example], format: str, target: Path, form: Form | None = None) -> int:
    """Write examples to a file, whole or not at all; how many lines that made.

    Args:
        examples: to write, in order; for `dpo` all samples, right and wrong.
        format: one of `TRAINING`.
        target: the file.
        form: how.

    Raises UsageError for a format that the examples can't have, RunError where the file can't be written.
    """
    return write_lines(target, TRAINING[format](examples, form or Form()))


def _sft(examples: Sequence[Example], form: Form) -> Iterable[Mapping[str, Any]]:
    for example in examples:
        masked = reply_text(example.trace)
        asked = example.prompt(worked=form.worked)
        prompt = asked[-1]["content"] if not form.worked else "\n\n".join(each["content"] for each in asked)
        yield {**_about(example), "prompt": prompt, "completion": masked.text, "spans": masked.records()}


def _text(examples: Sequence[Example], form: Form) -> Iterable[Mapping[str, Any]]:
    for example in examples:
        masked, rendered = whole_text(example, worked=form.worked)
        prompt = [] if rendered else example.prompt(worked=form.worked)
        yield {**_about(example), "prompt": prompt, "text": masked.text, "spans": masked.records()}


def _chat(examples: Sequence[Example], form: Form) -> Iterable[Mapping[str, Any]]:
    for record in _trl_sft(examples, form):
        yield {**record, "messages": [_with_text_arguments(message) for message in record["messages"]]}


def _trl_sft(examples: Sequence[Example], form: Form) -> Iterable[Mapping[str, Any]]:
    replies = [form.reply(example.trace) for example in examples]
    tools = _tools(replies)
    for example, reply in zip(examples, replies, strict=True):
        yield {**_about(example), "messages": [*example.prompt(worked=form.worked), *reply], **tools}


def _dpo(examples: Sequence[Example], form: Form) -> Iterable[Mapping[str, Any]]:
    found = [
        (better, form.reply(better.trace), worse, form.reply(worse.trace))
        for better, worse in pairs(examples, form.pairs)
    ]
    tools = _tools([reply for _, chosen, _, rejected in found for reply in (chosen, rejected)])
    for better, chosen, worse, rejected in found:
        about = {"id": better.row.id, "chosen_id": better.name, "rejected_id": worse.name}
        prompt = better.prompt(worked=form.worked)
        yield {**about, "prompt": prompt, "chosen": chosen, "rejected": rejected, **tools}


def _sharegpt(examples: Sequence[Example], form: Form) -> Iterable[Mapping[str, Any]]:
    for example in examples:
        asked = example.prompt(worked=form.worked)
        system = "\n\n".join(each["content"] for each in asked if each["role"] == "system")
        messages = [each for each in asked if each["role"] != "system"] + form.reply(example.trace)
        turns = [{"from": _HUMAN[each["role"]], "value": _spoken(each)} for each in messages]
        yield {**_about(example), "conversations": turns, "system": system}


def _about(example: Example) -> dict[str, Any]:
    return {"id": example.name, "role": example.role, "trace_id": example.trace.id}


def _tools(replies: Sequence[Chat]) -> dict[str, Any]:
    """The schema of the tool, in every row if it is called in one: tables have the same columns in all rows."""
    return {"tools": [TOOL]} if any(map(has_calls, replies)) else {}


def _with_text_arguments(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message with the arguments of calls as JSON text, as OpenAI has them."""
    if not message.get("tool_calls"):
        return message
    calls = [
        {**call, "function": {**call["function"], "arguments": json.dumps(call["function"]["arguments"])}}
        for call in message["tool_calls"]
    ]
    return {**message, "tool_calls": calls}


def _spoken(message: Mapping[str, Any]) -> str:
    """A message as one text: thinking in its tags, then the words, then the code in a fence."""
    thought = message.get("reasoning_content")
    pieces = [f"<think>\n{thought}\n</think>"] if thought else []
    pieces += [message["content"]] if message["content"] else []
    for call in message.get("tool_calls") or ():
        pieces.append(f"```python\n{call['function']['arguments']['code'].rstrip()}\n```")
    return "\n\n".join(pieces)


TRAINING: Mapping[str, Callable[[Sequence[Example], Form], Iterable[Mapping[str, Any]]]] = {
    "sft": _sft,
    "chat": _chat,
    "sharegpt": _sharegpt,
    "trl-sft": _trl_sft,
    "dpo": _dpo,
    "text": _text,
}
"""Their writers, by name."""
