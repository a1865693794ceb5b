r"""Fenced markdown in one assistant message: a python fence from the model, an output fence from us.

This is how Qwen2.5-Math, NuminaMath-TIR, ToRA and DeepSeek-Math were trained, and what general models follow when
the prompt asks for it. Tolerated, because models do it: ``py`` or no language tag, indented fences, prose or code on
the line of a fence, no newline at the end, a fence inside a string of the code, an output fence in place of the
closing one, a block that is never closed. Code that a model writes while it thinks is not run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mathagent.protocols.base import Block, Part, Span, WireProtocol
from mathagent.protocols.fenced import FencedParser
from mathagent.protocols.rendering import continued_chat, fenced_output, turns
from mathagent.protocols.thinking import thinking_spans
from mathagent.types import Message, ModelInput

_MARK = re.compile(r"`{3,}|~{3,}")


class MarkdownParser(FencedParser):
    """The parser of fences, without tags."""

    def __init__(self) -> None:
        super().__init__()


class Markdown(WireProtocol):
    """The protocol: a reply is one assistant message that grows."""

    name = "markdown"
    description = (
        "```python and ```output fences in one assistant message (Qwen2.5-Math, NuminaMath, ToRA, general)"
    )
    example = "```python\nprint(6 * 7)\n```\n"
    # The closing fence on a line of its own, so that no token is spent after it; and an output of the model's own
    # making. Both may also fire in prose: then the reply is only paused there, and goes on.
    stop = ("\n```\n", "```output")

    def parser(self, reply: str = "") -> MarkdownParser:
        """See `WireProtocol.parser`."""
        return MarkdownParser()

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`."""
        return continued_chat(messages, reply) if can_continue else turns(messages, reply)

    def output(self, block: Block, shown: str, *, left: int) -> str:
        """See `WireProtocol.output`."""
        glue = "" if block.raw.endswith("\n") else "\n"
        mark = _MARK.match(block.raw)
        closing = "" if block.closed else f"{mark[0] if mark else '```'}\n"
        return glue + closing + fenced_output(shown)

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """See `WireProtocol.spans`."""
        return thinking_spans(prose)
