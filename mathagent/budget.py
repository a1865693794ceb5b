"""What is left of tokens, context and time while a reply grows."""

from __future__ import annotations

import time

from mathagent.events import Finish
from mathagent.limits import Limits
from mathagent.types import TokenUsage

_BYTES_PER_TOKEN = 3  # a cautious guess for text that no server has counted yet: digits and code run short
_LEAST = 16  # tokens of one request: a guess that is far off corrects itself with the next exact count


class Budget:
    """Counts one solve's tokens and seconds against its limits. Numbers are the server's own where it gives them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self._generated = 0
        self._counted = 0  # tokens in the context, by the server's last count
        self._guessed = 0  # tokens that came after it, by our guess
        self.context: int | None = None

    def start(self, context: int | None, elapsed: float = 0.0) -> None:
        """Start the clock; `context` is the model's context length in tokens, None if unknown.

        `elapsed`: seconds that were used before.
        """
        self.context = context
        self._deadline = time.monotonic() + max(0.0, self._limits.seconds - elapsed)

    @property
    def deadline(self) -> float:
        """When wall time is over, on the clock of `time.monotonic` (which is also asyncio's)."""
        return self._deadline

    def seconds_left(self) -> float:
        """Wall time left, never below zero."""
        return max(0.0, self._deadline - time.monotonic())

    def spent(self, usage: TokenUsage) -> None:
        """Count one finished request."""
        self._generated += usage.completion
        if usage.exact:
            self._counted, self._guessed = usage.prompt + usage.completion, 0
        else:
            self._guessed += usage.completion

    def added(self, text: str) -> None:
        """Text that is not the model's went into the context (an output)."""
        self._guessed += len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN + 1

    def next_request(self) -> int:
        """How many tokens the next request may generate: at least 1."""
        left = self._limits.tokens - self._generated
        if self.context is not None:
            left = min(left, max(_LEAST, self.context - self._counted - self._guessed))
        return max(1, left)

    def exhausted(self) -> Finish | None:
        """Why nothing more may be generated; None while something is left."""
        if self._generated >= self._limits.tokens:
            return Finish("token_limit", f"all {self._limits.tokens} tokens are used up")
        if self.context is not None and self._counted >= self.context:
            return Finish("context_limit", f"prompt and reply fill the context of {self.context} tokens")
        if time.monotonic() >= self._deadline:
            return self.time_over()
        return None

    def time_over(self) -> Finish:
        """How a solve ends whose wall time is over."""
        return Finish("time_limit", f"{self._limits.seconds:g} s are over")
