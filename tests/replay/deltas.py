"""What vLLM's parsers of thinking and tool calls make of a model's text, as chunks of a stream. Pure.

The text is `<think>thinking</think>`, content, and calls: `<tool_call>NAME`, a newline, the arguments as they are, and
`</tool_call>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

_THINKING = re.compile(r"\A<think>\n?(?P<inside>.*?)(?:</think>\n*|\Z)", re.DOTALL)
_CALL = re.compile(r"\n*<tool_call>(?P<name>[^\n]*)\n(?P<inside>.*?)(?:</tool_call>\n*|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Segment:
    """A stretch of the text, by offsets. call: the number of the call whose arguments it is, and its name."""

    kind: Literal["reasoning", "content", "arguments"]
    start: int
    end: int
    call: int = 0
    name: str = ""


def segments(text: str, *, reasoning: bool, tools: bool) -> list[Segment]:
    """Cut a text where the parsers that are switched on would; what they swallow is in no segment."""
    found: list[Segment] = []
    at = 0
    if reasoning and (thinking := _THINKING.match(text)):
        found.append(Segment("reasoning", *thinking.span("inside")))
        at = thinking.end()
    for number, call in enumerate(_CALL.finditer(text, at) if tools else ()):
        found.append(Segment("content", at, call.start()))
        found.append(Segment("arguments", *call.span("inside"), number, call["name"]))
        at = call.end()
    found.append(Segment("content", at, len(text)))
    return found


def deltas(
    text: str, cut: list[Segment], start: int, end: int, *, id_: str, only_first: bool
) -> Iterator[dict[str, Any]]:
    """The `delta` objects for the text between two offsets. A call's name comes before its first argument."""
    for segment in cut:
        if only_first and segment.call:
            continue
        begins = segment.kind == "arguments" and start <= segment.start < end
        if begins:
            function = {"name": segment.name, "arguments": ""}
            yield _call(segment, id=f"{id_}-{segment.call}", type="function", function=function)
        piece = text[max(start, segment.start) : min(end, segment.end)]
        if not piece:
            continue
        if segment.kind == "arguments":
            yield _call(segment, function={"arguments": piece})
        else:
            yield {segment.kind: piece}


def _call(segment: Segment, **fields: Any) -> dict[str, Any]:
    return {"tool_calls": [{"index": segment.call, **fields}]}
