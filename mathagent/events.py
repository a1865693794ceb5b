"""What happens while a problem is solved, as a stream of typed values.

`mathagent.loop` yields these and nothing else; the terminal, the trace and the batch runner consume them. Every
event with a `raw` field owns that part of the reply: joined in order, the `raw` texts are exactly the assistant
message that the model was sent and wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, fsum
from typing import Literal

from kernels_sandbox import CellResult
from mathagent.limits import FinishReason
from mathagent.types import Logprobs, Message, ModelInfo, TokenUsage


@dataclass(frozen=True, slots=True)
class Started:
    """The first event: which model answers, and the messages before its reply."""

    model: ModelInfo
    messages: tuple[Message, ...]
    context: int | None


@dataclass(frozen=True, slots=True)
class Prefill:
    """Text that the prompt puts at the start of the reply; not the model's words."""

    raw: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A few characters as they arrive, for eyes only: never stored, always repeated in a `Text` or `CodeBlock`."""

    text: str
    channel: Literal["text", "code", "reasoning"]


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the model's prose.

    kind: "text" for the reader; "thinking" inside of the text (between `<think>` tags, say); "markup" of the protocol.
    reasoning: thinking that the server reports apart, before `raw`; no part of the reply's text.
    """

    raw: str
    reasoning: str = ""
    kind: Literal["text", "thinking", "markup"] = "text"


@dataclass(frozen=True, slots=True)
class Choice:
    """The model's choice among a few texts, by its probabilities; the likeliest one goes into the reply.

    lead: what the prompt put before it. options: the texts. logprobs: of each, natural logarithms, over all that the
    model might have said; exact: false where a server lists the likeliest tokens only and the number is a bound.
    """

    lead: str
    options: tuple[str, ...]
    logprobs: tuple[float, ...]
    exact: tuple[bool, ...]

    @property
    def chosen(self) -> int:
        """The place of the likeliest option; of equal ones the first."""
        return self.logprobs.index(max(self.logprobs))

    @property
    def raw(self) -> str:
        """How it stands in the reply."""
        return self.lead + self.options[self.chosen]

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Of each option, given that it is one of them: they sum to one."""
        highest = max(self.logprobs)
        weights = [exp(each - highest) for each in self.logprobs]
        return tuple(weight / fsum(weights) for weight in weights)

    @property
    def mass(self) -> float:
        """How likely the model would have said one of the options at all; a low one warns."""
        return min(1.0, fsum(map(exp, self.logprobs)))


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A complete code block.

    raw: with its delimiters, as far as the model wrote them; code: what will be run; index: 0 for the first.
    discarded: what the model wrote after the block before it was stopped (an output of its own invention, say);
    it is not part of the reply. closed: whether the closing delimiter is in `raw`.
    """

    index: int
    code: str
    raw: str
    discarded: str = ""
    closed: bool = True


@dataclass(frozen=True, slots=True)
class OutputDelta:
    """Output of the running cell as it arrives, for eyes only."""

    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Execution:
    """A cell has ended: the whole result, the text that the model is shown, and how that stands in the reply."""

    index: int
    result: CellResult
    shown: str
    raw: str


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the model has ended. Seconds are wall time; `first` until the first token (None: none came).

    logprobs: of the tokens that the model generated in it, where they were asked for and given.
    """

    usage: TokenUsage
    seconds: float
    first: float | None
    finish: str | None
    stop_reason: str | int | None
    logprobs: Logprobs | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The boxed answer, without the box."""

    text: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Something failed that is not the model's doing: for a person, never fed back as output.

    passing: the server is away, busy or broke off: the same may succeed later, or on another server.
    """

    kind: Literal["model", "kernel"]
    message: str
    hint: str = ""
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """The last event: why the solve ended, in one word and in one line."""

    reason: FinishReason
    detail: str


Event = (
    Started
    | Prefill
    | TextDelta
    | Text
    | Choice
    | CodeBlock
    | OutputDelta
    | Execution
    | Request
    | Answer
    | Failure
    | Finish
)
