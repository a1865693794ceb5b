"""Search inside a trace: where words or a pattern stand in the drawn blocks, across line ends too."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from mathagent.browser.page import Page
from mathagent.errors import UsageError


@dataclass(frozen=True, slots=True)
class Hit:
    """One place: a block, and (row, first character, character after the last) for each row that it touches."""

    block: int
    spans: tuple[tuple[int, int, int], ...]


def pattern_of(words: str) -> re.Pattern[str]:
    """What to look for: words, whatever the case and the space between them, or `/a pattern/`.

    Raises UsageError for a pattern that can't be read.
    """
    if len(words) > 2 and words.startswith("/") and words.endswith("/"):
        try:
            return re.compile(words[1:-1], re.IGNORECASE)
        except re.error as error:
            raise UsageError(f"{words} is no regular expression: {error}") from None
    return re.compile(r"\s+".join(map(re.escape, words.split())), re.IGNORECASE)


def hits(page: Page, wanted: re.Pattern[str]) -> list[Hit]:
    """All places in the blocks that are not hidden, folded lines too, in reading order."""
    found = []
    for number, drawn in enumerate(page.drawn):
        if drawn.block.kind not in page.hidden:
            found += [Hit(number, spans) for spans in _in_rows(drawn.texts, wanted)]
    return found


def _in_rows(texts: list[str], wanted: re.Pattern[str]) -> Iterator[tuple[tuple[int, int, int], ...]]:
    starts = list(accumulate((len(text) + 1 for text in texts), initial=0))
    for match in wanted.finditer("\n".join(texts)):
        start, end = match.span()
        spans = []
        for row in range(bisect_right(starts, start) - 1, len(texts)):
            if starts[row] >= end:
                break
            first, last = max(start - starts[row], 0), min(end - starts[row], len(texts[row]))
            if first < last:
                spans.append((row, first, last))
        if spans:
            yield tuple(spans)
