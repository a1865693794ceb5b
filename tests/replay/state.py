"""The settings of a replay server, the faults it can be told to have, and what it saw."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.replay.recording import Library
from tests.replay.tokens import PrefixCache, Vocabulary


@dataclass(frozen=True)
class Settings:
    """How the server presents itself.

    models: names in the models list, the first one's recordings are played for all of them.
    root: what the list says was loaded, the name by default. owner: `owned_by` in the list.
    max_model_len: tokens; prompts beyond are a 400.
    key: required as bearer token when set. token_seconds: time per generated token.
    tokens_per_chunk: tokens in one streamed chunk. usage: report token counts at all.
    logprobs: give log-probabilities to those who ask.
    reasoning: said as `reasoning` before every reply, for clients of thinking models.
    reasoning_parser, tool_parser: thinking and calls in a recorded text come apart from it (see `deltas`).
    fallback: said where no recording matches; None answers 400 instead.
    """

    models: tuple[str, ...] = ("replay",)
    root: str = ""
    owner: str = "vllm"
    max_model_len: int = 32_768
    key: str | None = None
    token_seconds: float = 0.0
    tokens_per_chunk: int = 1
    usage: bool = True
    logprobs: bool = True
    reasoning: str = ""
    reasoning_parser: bool = False
    tool_parser: bool = False
    fallback: str | None = None


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with one request.

    kind: "status" answers `status` (with Retry-After); "cut" breaks the connection after `after` tokens; "end" ends
        the stream cleanly after them but without a finish; "error" sends an error event; "hang" falls silent.
    on: only a request whose path contains this.
    """

    kind: Literal["status", "cut", "end", "error", "hang"]
    status: int = 500
    retry_after: str | None = None
    after: int = 0
    body: str | None = None
    on: str = "completions"


@dataclass
class Seen:
    """One request as the server saw it."""

    path: str
    body: dict[str, Any]
    script: str = ""
    exact: bool = True
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    finish: str | None = None
    stop_reason: str | None = None
    aborted: bool = False


@dataclass
class State:
    """Everything a running server holds; tests read and change it."""

    library: Library
    settings: Settings = field(default_factory=Settings)
    faults: deque[Fault] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    cache: PrefixCache = field(default_factory=PrefixCache)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    running: int = 0
    think: Callable[[str], Mapping[str, float]] | None = None  # what comes next, see `choices`
    rewards: Callable[[list[dict[str, Any]]], list[list[float]]] | None = None  # see `pooling`
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def next_fault(self, path: str) -> Fault | None:
        """Take the next fault if it is for this request."""
        if self.faults and self.faults[0].on in path:
            return self.faults.popleft()
        return None
