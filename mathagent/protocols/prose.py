"""Chain-of-thought: a reply without code."""

from __future__ import annotations

from collections.abc import Sequence

from mathagent.protocols.base import Block, Channel, Part, WireProtocol
from mathagent.protocols.rendering import continued_chat, turns
from mathagent.types import Message, ModelInput


class Prose(WireProtocol):
    """Chain-of-thought: the whole reply is prose, and code in it is never run."""

    name = "cot"
    description = "plain text, no code is run (chain-of-thought)"

    def parser(self, reply: str = "") -> ProseParser:
        """See `WireProtocol.parser`."""
        return ProseParser()

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`."""
        return continued_chat(messages, reply) if can_continue else turns(messages, reply)

    def output(self, block: Block, shown: str, *, left: int) -> str:
        """See `WireProtocol.output`."""
        raise AssertionError("no block ever comes out of ProseParser")


class ProseParser:
    """Finds no code in anything."""

    channel: Channel = "text"

    def feed(self, text: str) -> Block | None:
        """See `Parser.feed`."""
        return None

    def finish(self, *, ended: bool) -> Block | None:
        """See `Parser.finish`."""
        return None
