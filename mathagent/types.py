"""The plain values that pass between the loop, a protocol and a model client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A structured call of a tool: its id, the tool's name, and the arguments as the model wrote them (JSON)."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message.

    name: only where a protocol wants one. reasoning: the assistant's thinking, where it is sent back apart.
    calls: the assistant's tool calls. call_id: of a tool's message, the call that it answers.
    """

    role: str
    content: str
    name: str | None = None
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChatInput:
    """A request to /v1/chat/completions.

    When `continue_final` is true the last message is the assistant's, unfinished, and the model goes on exactly
    where its text ends (vLLM: `continue_final_message`); otherwise the model begins a new turn.
    tools: JSON schemas of the tools that the model may call, as OpenAI's `tools` takes them.
    """

    messages: tuple[Message, ...]
    continue_final: bool = False
    tools: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class TextInput:
    """A request to /v1/completions: a rendered prompt, as text or as token ids.

    special_tokens: the reply's special tokens are wanted in its text (vLLM leaves them out by default).
    """

    prompt: str | tuple[int, ...]
    special_tokens: bool = False


ModelInput = ChatInput | TextInput


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn; None leaves the server's default. `extra` is sent as it is (vLLM's own fields)."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    seed: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What one request cost, in tokens. `cached` prompt tokens came from the server's prefix cache (None: not said).

    `exact` is false where the server reported nothing and the numbers are counted from the stream.
    """

    prompt: int = 0
    completion: int = 0
    cached: int | None = None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Logprobs:
    """Natural logarithms of the probabilities of tokens that the model generated: their sum, over so many tokens."""

    total: float
    tokens: int

    def __add__(self, other: Logprobs) -> Logprobs:
        return Logprobs(self.total + other.total, self.tokens + other.tokens)


@dataclass(frozen=True, slots=True)
class CallDelta:
    """A piece of a tool call as it streams: `id` and `name` come with the first piece, arguments in any pieces."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed reply. The last one carries `finish`; `usage` may come with it or just after it.

    finish: "stop" (end of turn or a stop string), "length", or what else the server says; None in the middle.
    stop_reason: the stop string or token that ended the reply, where the server says so (vLLM); None at end of turn.
    calls: pieces of structured tool calls.
    logprobs: of all tokens of this reply so far, where the client asks for them and the server gives them.
    """

    text: str = ""
    reasoning: str = ""
    calls: tuple[CallDelta, ...] = ()
    finish: str | None = None
    stop_reason: str | int | None = None
    usage: TokenUsage | None = None
    logprobs: Logprobs | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model thinks of several continuations of one text.

    logprobs: the natural logarithm of each one's probability, in the order in which they were asked for.
    exact: for each, whether the server gave it; false: it is not among the likeliest tokens that the server lists, and
        the number is the highest that it can be.
    """

    logprobs: tuple[float, ...]
    exact: tuple[bool, ...]
    usage: TokenUsage


@dataclass(frozen=True, slots=True)
class Reward:
    """A kind of reward model: the task of vLLM's pooling endpoints that it is served for.

    step_tag: the id of the token at which a process reward model judges a step; None: one score for the whole.
    """

    task: Literal["classify", "token_classify"]
    step_tag: int | None = None


@dataclass(frozen=True, slots=True)
class Rewards:
    """What a reward model says: the probability, from 0 to 1, that each step (or the one whole) is right."""

    probabilities: tuple[float, ...]
    usage: TokenUsage


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the endpoint says of a model.

    context_length: tokens, prompt and reply together; None where the server does not say.
    owner: `owned_by` of the models list ("vllm", "sglang", ...), "" if absent.
    can_continue: the server can go on in an unfinished assistant message.
    root: what the server loaded, a folder or a name on the hub, where it says so ("" where not).
    """

    id: str
    context_length: int | None
    owner: str
    can_continue: bool
    root: str = ""


class ModelClient(Protocol):
    """What the loop needs of a model."""

    async def describe(self) -> ModelInfo:
        """Ask the endpoint about the model. Raises ModelError."""
        ...

    def stream(
        self, request: ModelInput, sampling: Sampling, *, stop: Sequence[str], max_tokens: int
    ) -> AsyncGenerator[Chunk, None]:
        """Stream one reply of at most `max_tokens` tokens.

        The text includes the stop string that ended it, where the server can include it.

        Retries what can pass (connection refused, 429, 5xx, a cut stream, which continues from the text so far).
        Raises ModelError for the rest. Closing the iterator aborts the request on the server.
        """
        ...

    async def choose(self, request: ModelInput, options: Sequence[str]) -> Scores:
        """How likely the model would go on with each of these texts. Nothing is drawn.

        Raises ModelError, and UsageError for options that this model can't tell apart by their first token.
        """
        ...

    async def reward(self, messages: Sequence[Message], reward: Reward, places: int) -> Rewards:
        """What a reward model says of a conversation that ends with the assistant's message; `places`: scores wanted.

        Raises ModelError, also where the model gives another number of scores.
        """
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...
