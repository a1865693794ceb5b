"""One reply put together from one stream or, where streams were cut, from several: text, end and token counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from secrets import token_hex

from mathagent.models.wire import Delta
from mathagent.types import CallDelta, Chunk, Logprobs, TokenUsage


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class Reply:
    """What the model has said so far in answer to one request, over all tries.

    Text is handed on as it comes; the last piece is kept back until its stream has ended, so that the final chunk
    carries the end, its reason and the token counts together. Tool calls are handed on whole, with the final chunk:
    one that was cut can then be asked for again.

    Args:
        stop: the request's stop strings.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [string for string in stop if string]
        self.text = ""
        self.reasoned = False
        self.finish: str | None = None
        self.stop_reason: str | int | None = None
        self.ended_here = False  # by us, at a stop string that straddled a cut: the server would go on
        self._calls: list[_Call] = []
        self._calls_at: dict[int, int] = {}  # index in the stream -> place in the list
        self._anew: list[str] | None = None  # text of a whole new try, of which only the calls are wanted
        self._held = Chunk()
        self._resumed_at: int | None = None
        self._earlier: list[TokenUsage] = []  # of the streams that were cut
        self._usage: TokenUsage | None = None  # of the present stream, as the server says
        self._deltas = 0  # of the present stream
        self._logprobs: Logprobs | None = None  # of all streams

    @property
    def started(self) -> bool:
        """Something was handed on, so that the request cannot simply be sent again."""
        return bool(self.text) or self.reasoned

    @property
    def calling(self) -> bool:
        """The present stream has begun a tool call, which can't be continued, only asked for again."""
        return bool(self._calls) or self._anew is not None

    @property
    def completion_tokens(self) -> int:
        """Tokens that the model has generated so far."""
        return sum(usage.completion for usage in self._earlier) + self._present().completion

    def resume(self) -> None:
        """The stream was cut; what comes next is the continuation after `text` (or, with no text, a fresh try)."""
        if self.started:
            self._earlier.append(self._present())
            self._resumed_at = len(self.text)
        self._usage, self._deltas = None, 0

    def restart(self) -> None:
        """The stream was cut inside of a call; what comes next is the answer to the whole request sent again.

        What was handed on stands, so that the text of the new try is left out unless it ends without a call.
        """
        self._earlier.append(self._present())
        self._calls, self._calls_at, self._resumed_at = [], {}, None
        self._anew = [] if self.started else None
        self._logprobs = None  # the new try says everything again
        self._usage, self._deltas = None, 0

    def take(self, delta: Delta) -> Chunk | None:
        """Add a delta; give back what can be handed on at once."""
        if delta.usage is not None:
            self._usage = delta.usage
        if delta.logprobs is not None:
            self._logprobs = delta.logprobs + (self._logprobs or Logprobs(0.0, 0))
        if not (delta.text or delta.reasoning or delta.calls or delta.finish):
            return None
        self._deltas += 1
        self._take_calls(delta.calls)
        if self._anew is not None:
            self._anew.append(delta.text)
            wanted = delta.finish is not None and not self._calls
            delta = replace(delta, text="".join(self._anew) if wanted else "", reasoning="")
        elif not (delta.text or delta.reasoning or delta.finish):
            return None
        self.reasoned = self.reasoned or bool(delta.reasoning)
        before = len(self.text)
        self.text += delta.text
        self.finish, self.stop_reason = delta.finish, delta.stop_reason
        self._end_at_straddling_stop()
        chunk = Chunk(text=self.text[before:], reasoning=delta.reasoning, logprobs=self._logprobs)
        if self.finish is None:
            return chunk if chunk.text or chunk.reasoning else None
        self._held = chunk
        return None

    def _end_at_straddling_stop(self) -> None:
        """End the reply at a stop string that began before the cut: the server sees only what came after it."""
        if self._resumed_at is None:
            return
        ends = []
        for stop in self._stop:
            found = self.text.find(stop, max(0, self._resumed_at - len(stop) + 1))
            if -1 < found < self._resumed_at:
                ends.append((found + len(stop), stop))
        if ends:
            end, stop = min(ends)
            self.text = self.text[:end]
            self.finish, self.stop_reason, self.ended_here = "stop", stop, True

    def _take_calls(self, deltas: Sequence[CallDelta]) -> None:
        """Put pieces of calls together. Some servers repeat id and name, or count every call as the first."""
        for delta in deltas:
            place = self._calls_at.get(delta.index)
            if place is None or (delta.id and self._calls[place].id not in ("", delta.id)):
                place = self._calls_at[delta.index] = len(self._calls)
                self._calls.append(_Call())
            call = self._calls[place]
            call.id, call.name = call.id or delta.id, call.name or delta.name
            call.arguments.append(delta.arguments)

    def last(self) -> Chunk:
        """The final chunk."""
        calls = tuple(
            CallDelta(index, call.id or f"call{token_hex(3)[:5]}", call.name, "".join(call.arguments))
            for index, call in enumerate(self._calls)
        )
        return replace(
            self._held,
            calls=calls,
            finish=self.finish,
            stop_reason=self.stop_reason,
            usage=self._total(),
            logprobs=self._logprobs,
        )

    def _present(self) -> TokenUsage:
        # A server that counts only at the end leaves a cut stream to be counted by its pieces: about one a token.
        return self._usage or TokenUsage(completion=self._deltas, exact=False)

    def _total(self) -> TokenUsage:
        """Each token once: the prompt of the first try, and what every try generated."""
        parts = [*self._earlier, self._present()]
        completion = sum(part.completion for part in parts)
        exact = all(part.exact for part in parts)
        if parts[0].exact:
            return TokenUsage(parts[0].prompt, completion, parts[0].cached, exact)
        # The last prompt held what earlier tries had generated.
        prompt = max(0, parts[-1].prompt - sum(part.completion for part in parts[:-1]))
        return TokenUsage(prompt, completion, None, exact)
