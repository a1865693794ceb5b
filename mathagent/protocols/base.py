"""The small interface between the loop and the way in which a family of models writes code.

A protocol is pure: it renders requests and parses text, and does no input or output. A new one is a subclass of
`WireProtocol` in one file and one registration; `protocols/README.md` shows how, with an example.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from mathagent.answers import final_answer
from mathagent.types import Chunk, Message, ModelInput

Channel = Literal["text", "code", "reasoning"]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the growing reply and who wrote it: the prompt (a prefill), the model, or the kernel (an output).

    reasoning: thinking that the server reported apart from the text, before `raw`; no part of the text.
    """

    author: Literal["prompt", "model", "kernel"]
    raw: str
    reasoning: str = ""


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


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the model's prose: text for the reader, thinking, or markup of the protocol's own (role tokens)."""

    kind: Literal["text", "thinking", "markup"]
    raw: str


class Parser(Protocol):
    """Reads one stretch of a reply, from its start or from after an output, until a code block is complete.

    Any split of the same text into chunks gives the same block; no text raises.
    """

    @property
    def channel(self) -> Channel:
        """What the next words are, as far as one can tell: for eyes only."""
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


class WireProtocol(ABC):
    """How a family of models writes code, ends it, and gets the output back.

    name: what users type. description: one line: the wire form, and which models speak it.
    example: how a model writes the code `print(6 * 7)` in it, delimiters and all; "" where no code is run.
    stop: stop strings for the server; one that fires without a complete block only pauses the reply.
    ends: stop strings that end the reply.
    continues: whether a reply can go on after a pause: where the server can go on in an unfinished assistant
        message ("server"), on every server, because the request is a rendered prompt ("always"), or on none, because
        every output begins a new turn ("never").
    """

    name: ClassVar[str]
    description: ClassVar[str]
    example: ClassVar[str] = ""
    stop: ClassVar[tuple[str, ...]] = ()
    ends: ClassVar[tuple[str, ...]] = ()
    continues: ClassVar[Literal["server", "always", "never"]] = "server"

    @abstractmethod
    def parser(self, reply: str = "") -> Parser:
        """A fresh parser for what follows `reply`, which is all text of the reply so far."""

    @abstractmethod
    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """The request that makes the model go on after `reply` (empty: begin one).

        With `can_continue` false the server can only begin new turns; the outputs then come as the user's turns.
        The `raw` texts of the parts, joined, must stand in the request exactly, so that the prefix cache holds.
        """

    def fault(self, block: Block) -> str:
        """Why the code of a block can't be run, in a line that the model is told as its error; "" where it can be."""
        return ""

    @abstractmethod
    def output(self, block: Block, shown: str, *, left: int) -> str:
        """How the output of a block stands in the reply, right after `block.raw`: delimiters and all.

        left: how many executions remain.
        """

    def words(self, chunk: Chunk) -> str:
        """What of a chunk belongs to the text of the reply; a protocol of structured tool calls writes them down."""
        return chunk.text

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """The pieces of a stretch's prose, which joined are the prose; `before` is the reply in front of it."""
        return (Span("text", prose),) if prose else ()

    def answer(self, texts: Sequence[str]) -> str | None:
        """The answer in the model's text, split where code ran; thinking and markup are left out already."""
        return final_answer(texts)
