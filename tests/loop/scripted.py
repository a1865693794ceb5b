"""A model that says what a test wrote down: streams it in pieces, keeps to stop strings and token limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from mathagent.errors import ModelError
from mathagent.types import (
    ChatInput,
    Chunk,
    Message,
    ModelInfo,
    ModelInput,
    Reward,
    Rewards,
    Sampling,
    Scores,
    TextInput,
    TokenUsage,
)

Line = str | Callable[[str], str] | ModelError


class ScriptedModel:
    """Plays one line of the script per stretch of the reply.

    Args:
        script: each a text, a function of the reply so far, or an error to raise. A text goes on after a stop
            string in the next request, as a server's continued message does.
        piece: characters per streamed chunk; one chunk counts as one token.
        context: what it says of its context length.
        can_continue: what it says of continued messages.
        includes_stop: whether a stop string stays in the text, as with vLLM.
        delay: seconds before each chunk.
        thoughts: the log-probabilities of the options of each choice, in order; an error is raised.
    """

    def __init__(
        self,
        *script: Line,
        piece: int = 4,
        context: int | None = None,
        can_continue: bool = True,
        includes_stop: bool = True,
        delay: float = 0.0,
        thoughts: Sequence[tuple[float, ...] | ModelError] = (),
    ) -> None:
        self._thoughts = list(thoughts)
        self._script = list(script)
        self._left, self._expected = "", ""
        self._prompt: str | None = None  # of rendered requests: what stands in front of the reply
        self._piece, self._delay = piece, delay
        self._includes_stop = includes_stop
        self.info = ModelInfo("scripted", context, "vllm" if can_continue else "", can_continue)
        self.requests: list[ModelInput] = []
        self.max_tokens: list[int] = []
        self.closed_early = 0

    async def describe(self) -> ModelInfo:
        return self.info

    async def stream(
        self, request: ModelInput, sampling: Sampling, *, stop: Sequence[str], max_tokens: int
    ) -> AsyncGenerator[Chunk, None]:
        self.requests.append(request)
        self.max_tokens.append(max_tokens)
        text, self._left = self._left, ""
        reply = self._reply(request)
        if (
            not text or reply != self._expected
        ):  # the reply has grown by an output: the next line of the script
            text = self._next(reply)
        if not self._includes_stop:  # such a server holds back what may become a stop string
            text = text[: min((at for each in stop if (at := text.find(each)) >= 0), default=len(text))]
        said, tokens, finished = "", 0, False
        try:
            while True:
                if self._delay:
                    await asyncio.sleep(self._delay)
                if not text[len(said) :]:
                    finished = True
                    yield Chunk(finish="stop", usage=self._usage(request, tokens))
                    return
                if tokens >= max_tokens:
                    self._left, self._expected = text[len(said) :], reply + said
                    finished = True
                    yield Chunk(finish="length", usage=self._usage(request, tokens))
                    return
                piece = text[len(said) : len(said) + self._piece]
                fired = [(at + len(each), each) for each in stop if (at := (said + piece).find(each)) >= 0]
                tokens += 1
                if fired:
                    end, which = min(fired)
                    self._left, self._expected = text[end:], reply + text[:end]
                    finished = True
                    usage = self._usage(request, tokens)
                    yield Chunk(text=text[len(said) : end], finish="stop", stop_reason=which, usage=usage)
                    return
                said += piece
                yield Chunk(text=piece)
        finally:
            self.closed_early += not finished

    def _next(self, reply: str) -> str:
        line = self._script.pop(0) if self._script else ""
        if isinstance(line, ModelError):
            raise line
        return line(reply) if callable(line) else line

    def _reply(self, request: ModelInput) -> str:
        """The reply so far. A rendered prompt is taken for the first request of a reply, unless it extends the last."""
        if isinstance(request, ChatInput):
            return request.messages[-1].content if request.continue_final else ""
        assert isinstance(request.prompt, str)
        if self._prompt is None or not request.prompt.startswith(self._prompt):
            self._prompt = request.prompt
        return request.prompt[len(self._prompt) :]

    def _usage(self, request: ModelInput, tokens: int) -> TokenUsage:
        if isinstance(request, ChatInput):
            return TokenUsage(
                sum(len(message.content) for message in request.messages) // self._piece, tokens
            )
        return TokenUsage(len(request.prompt) // self._piece, tokens)

    @property
    def prompts(self) -> list[str]:
        """The rendered prompts it was sent."""
        return [str(each.prompt) for each in self.requests if isinstance(each, TextInput)]

    async def choose(self, request: ModelInput, options: Sequence[str]) -> Scores:
        self.requests.append(request)
        thought = self._thoughts.pop(0)
        if isinstance(thought, ModelError):
            raise thought
        return Scores(thought, (True,) * len(options), self._usage(request, 1))

    async def reward(self, messages: Sequence[Message], reward: Reward, places: int) -> Rewards:
        raise AssertionError("no reward model")

    async def aclose(self) -> None:
        pass
