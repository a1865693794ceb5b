"""What formats with special tokens share: scan growing text for tokens, defuse them in what others wrote.

Not here: what the tokens mean. Each protocol says that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mathagent.protocols.base import Part, Span
from mathagent.types import TextInput


class Tokens:
    """The special tokens of a format.

    Args:
        names: the tokens, as they stand in text.
        others: regular expressions of further strings that the model's tokenizer takes for special tokens; they
            mean nothing here, but must not come in through a problem or an output.
    """

    def __init__(self, names: Iterable[str], others: Iterable[str] = ()) -> None:
        self._names = tuple(names)
        self._pattern = re.compile("|".join(map(re.escape, self._names)))
        self._special = re.compile("|".join([*map(re.escape, self._names), *others]))
        self._begins = {name[:length] for name in self._names for length in range(1, len(name))}
        self._longest = max(map(len, self._names))

    def find(self, text: str, start: int = 0) -> re.Match[str] | None:
        """The first token at or after `start`."""
        return self._pattern.search(text, start)

    def held(self, text: str, start: int) -> int:
        """Where the end of the text may be the beginning of a token, at or after `start`; its length if nowhere."""
        for at in range(max(start, len(text) - self._longest + 1), len(text)):
            if text[at:] in self._begins:
                return at
        return len(text)

    def split(self, text: str) -> Iterator[tuple[str, bool]]:
        """The text in pieces, which joined are the text, and whether each is a token."""
        at = 0
        for match in self._pattern.finditer(text):
            if at < match.start():
                yield text[at : match.start()], False
            yield match[0], True
            at = match.end()
        if at < len(text):
            yield text[at:], False

    def defused(self, text: str) -> str:
        """The text with a space inside of every special token, so that no tokenizer takes it for one."""
        return self._special.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)


def text_input(prompt: str, reply: Sequence[Part], *, special_tokens: bool = True) -> TextInput:
    """The request that makes the model go on after the reply, which stands in it exactly."""
    return TextInput(prompt + "".join(part.raw for part in reply), special_tokens=special_tokens)


def joined_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Neighbours of one kind made one."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].kind == span.kind:
            joined[-1] = Span(span.kind, joined[-1].raw + span.raw)
        else:
            joined.append(span)
    return tuple(joined)
