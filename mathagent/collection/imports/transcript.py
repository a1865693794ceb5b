"""Replies recorded as one text: ToRA, Qwen2.5-Math, NeMo-Skills and whoever writes a `generation` or a chat of two.

The wire form is told from the delimiters in the text; the protocol's own parser finds the code. An output counts as one
where it follows a block in the protocol's form: whether a kernel wrote it or the model made it up, a text can't say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mathagent.collection.imports.reading import Reading, Steps, count_at, text_at
from mathagent.data.values import whole
from mathagent.protocols import protocol
from mathagent.protocols.frames import MARK, unescaped
from mathagent.run.foreign import generations_of

_FENCED = r"\s*(?P<fence>`{3,})output[^\n]*\n(?P<shown>.*?)(?:(?:(?<=\n)|\n)(?P=fence)(?![^\n]*\S)\n?|\Z)"
_OUTPUTS = {
    "markdown": _FENCED,
    "openmath": rf"{_FENCED}(?:\s*```system\n.*?\n```(?:\n|\Z))?",
    "llm-code": r"\s*<llm-code-output>\n?(?P<shown>.*?)\n?(?:</llm-code-output>\n?|\Z)",
    "mathcoder": r"<\|execution\|>(?:<empty_execution>)?(?P<shown>.*?)(?:<\|endofblock\|>|\Z)",
    "internlm2": r"\s*(?:<\|im_end\|>\s*)?<\|im_start\|>environment[^\n]*\n(?P<shown>.*?)"
    r"(?:<\|im_end\|>\n?(?:<\|im_start\|>assistant\n)?|\Z)",
    "execute": rf"\n?{MARK}user\n(?:Observation:\n)?(?P<shown>.*?)\n?(?:You have \d+ steps? left[^\n]*)?"
    rf"(?:\n{MARK}assistant\n|\Z)",
    "tools": rf"\n?{MARK}tool[^\n]*\n(?P<shown>.*?)(?:\n{MARK}end\n|\Z)",
}
_PATTERNS = {name: re.compile(pattern, re.DOTALL) for name, pattern in _OUTPUTS.items()}
_MARKS = (
    (f"\n{MARK}call ", "tools"),
    ("<llm-code>", "llm-code"),
    ("<|interpreter|>", "internlm2"),
    ("<|endofblock|>", "mathcoder"),
    ("<tool_call>", "openmath"),
    ("<execute>", "execute"),
)


def read_transcripts(record: Mapping[str, Any]) -> Iterator[Reading]:
    """A reading for each sample of a record; none where it holds no reply."""
    values = _chat(record)
    for text in generations_of({**record, **values}):
        name = protocol_of(text)
        steps = split(text, name)
        yield Reading(
            format="transcript",
            protocol=name if steps.codes else "cot",
            steps=steps.list,
            values=values,
            model=text_at(record, "model"),
            tokens=(count_at(record, "num_generated_tokens"), count_at(record, "num_prompt_tokens")),
            ended=text_at(record, "stop_reason") or text_at(record, "finish_reason"),
        )


def protocol_of(text: str) -> str:
    """The protocol whose delimiters stand in a text; `markdown` where none do."""
    return next((name for mark, name in _MARKS if mark in text), "markdown")


def split(text: str, name: str) -> Steps:
    """The steps of a transcript in a protocol; joined, they are the text."""
    wire, steps = protocol(name), Steps(name)
    rest, reply = text, ""
    while True:
        parser = wire.parser(reply)
        block = parser.feed(rest) or parser.finish(ended=True)
        if block is None:
            steps.prose(rest)
            return steps
        steps.prose(block.before)
        steps.code(block.raw, block.code, closed=block.closed)
        raw, rest = "", block.rest
        if found := _PATTERNS[name].match(rest):
            raw, rest = found[0], rest[found.end() :]
            framed = name in ("tools", "execute")
            steps.output(raw, unescaped(found["shown"]) if framed else found["shown"])
        reply += block.before + block.raw + raw


def _chat(record: Mapping[str, Any]) -> dict[str, Any]:
    """The columns for a problem and a reply that stand in `messages`: a user's and, last, an assistant's."""
    messages = record.get("messages")
    if not isinstance(messages, list) or not all(isinstance(each, Mapping) for each in messages):
        return {}
    roles = [each.get("role") for each in messages]
    if roles[-2:] != ["user", "assistant"] or any(role != "system" for role in roles[:-2]):
        return {}
    problem, reply = (text_at(each, "content") for each in messages[-2:])
    return {"problem": problem, "generation": whole(reply)} if problem and reply else {}
