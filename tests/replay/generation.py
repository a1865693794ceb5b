"""How a reply is generated token by token, with stop strings and limits, as vLLM does it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.replay.tokens import tokenize


@dataclass(frozen=True)
class Step:
    """What one token adds: text that can be shown, tokens generated so far, and on the last step how it ended.

    token: the token itself, "" for the end of the turn.
    """

    text: str
    tokens: int
    finish: str | None = None
    stop_reason: str | None = None
    token: str = ""


def generate(script: str, *, stop: Sequence[str], include_stop: bool, max_tokens: int) -> Iterator[Step]:
    """Say `script` until a stop string, its end (which costs the end-of-turn token) or `max_tokens`.

    Without `include_stop` as many characters are held back as the longest stop string could still need.
    """
    hold = 0 if include_stop else max((len(string) for string in stop), default=1) - 1
    text, shown = "", 0
    pieces = tokenize(script)
    for number, piece in enumerate(pieces, 1):
        begin, text = len(text), text + piece
        for string in stop:
            found = text.find(string, max(0, begin - len(string) + 1))
            if found != -1:
                end = found + len(string) if include_stop else found
                yield Step(text[shown:end], number, "stop", string, piece)
                return
        if number == max_tokens:
            yield Step(text[shown:], number, "length", token=piece)
            return
        upto = max(shown, len(text) - hold)
        yield Step(text[shown:upto], number, token=piece)
        shown = upto
    yield Step(text[shown:], len(pieces) + 1, "stop")
