"""The small interface between the loop and the way in which a family of models writes code.

A protocol is pure: it renders requests and parses text, and does no input or output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from mathagent.types import Message, ModelInput


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the growing reply and who wrote it: the prompt (a prefill), the model, or the kernel (an output)."""

    author: Literal["prompt", "model", "kernel"]
    raw: str


@dataclass(frozen=True, slots=True)
class Block:
    """A complete code block, to be run now. `before + raw + rest` is all the text that the parser was fed.

    before: prose in front of it. raw: the block with its delimiters. code: what to run.
    rest: text after it, which the model wrote before it was stopped; no part of the reply.
    closed: whether the block's own closing delimiter is in `raw`.
    """

    before: str
    raw: str
    code: str
    rest: str
    closed: bool


class Parser(Protocol):
    """Reads one stretch of a reply, from its start or from after an output, until a code block is complete.

    Any split of the same text into chunks gives the same block; no text raises.
    """

    @property
    def in_code(self) -> bool:
        """Whether the text so far ends inside of a code block."""
        ...

    def feed(self, text: str) -> Block | None:
        """Take the next chunk; the block, once it is complete. After a block nothing more may be fed."""
        ...

    def finish(self, *, ended: bool) -> Block | None:
        """The text is over; None when all of it is prose.

        With `ended` the model stopped by itself or at a stop string, and an unclosed block counts as complete;
        otherwise a limit cut it off, and an unclosed block is never run.
        """
        ...


class WireProtocol(Protocol):
    """How a family of models writes code, ends it, and gets the output back."""

    @property
    def name(self) -> str:
        """The name that users type."""
        ...

    @property
    def description(self) -> str:
        """One line: the wire form, and which models speak it."""
        ...

    @property
    def stop(self) -> tuple[str, ...]:
        """Stop strings for the server. One that fires without a complete block only pauses the reply."""
        ...

    def parser(self) -> Parser:
        """A fresh parser, for the start of a reply or for what follows an output."""
        ...

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """The request that makes the model go on after `reply` (empty: begin one).

        With `can_continue` false the server can only begin new turns; the outputs then come as the user's turns.
        """
        ...

    def output(self, block: Block, shown: str) -> str:
        """How the output of a block stands in the reply, right after `block.raw`: delimiters and all."""
        ...
