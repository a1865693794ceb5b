"""Chain-of-thought: a reply without code."""

from __future__ import annotations

from collections.abc import Sequence

from mathagent.protocols.base import Block, Part, Span, WireProtocol
from mathagent.protocols.fenced import FencedParser
from mathagent.protocols.rendering import continued_chat, turns
from mathagent.protocols.thinking import thinking_spans
from mathagent.types import Message, ModelInput


class Prose(WireProtocol):
    """Chain-of-thought: the whole reply is prose, and code in it is never run."""

    name = "cot"
    description = "plain text, no code is run (chain-of-thought)"

    def parser(self, reply: str = "") -> FencedParser:
        """See `WireProtocol.parser`. It finds nothing, but knows thinking."""
        return FencedParser(fences=False)

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`."""
        return continued_chat(messages, reply) if can_continue else turns(messages, reply)

    def output(self, block: Block, shown: str, *, left: int) -> str:
        """See `WireProtocol.output`."""
        raise AssertionError("no block ever comes out of a parser without fences")

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """See `WireProtocol.spans`."""
        return thinking_spans(prose)
