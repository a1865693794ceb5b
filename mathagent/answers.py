r"""Find the answer that a model put into ``\boxed{}``.

Works on the model's prose only; the caller leaves out code and outputs, so that a box in a comment or in printed
text is never an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_BOX = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])\s*")

_BETWEEN = re.compile(r"^[\s$]*(?:,|;|(?:,\s*)?and|(?:,\s*)?or|和|或|、|，)[\s$]*$")


def boxed(text: str) -> list[str]:
    r"""All complete boxes of a text, in order, without the ``\boxed{}`` around them.

    Braces nest, ``\{`` and ``\}`` are ordinary characters, ``\boxed 7`` (no braces) takes one token as TeX does.
    A box that never closes is left out. A box inside a box counts once, as the outer one.
    """
    return [content for content, _, _ in _boxes(text)]


def last_boxed(text: str) -> str | None:
    r"""The last box; with the boxes before it that only a comma, "and" or "or" parts from it, joined by commas.

    Two boxes in a row are the values of one answer: "x is \boxed{2} or \boxed{3}".
    """
    boxes = _boxes(text)
    kept: list[str] = []
    follows: int | None = None
    for content, start, end in reversed(boxes):
        if follows is not None and not _BETWEEN.match(text[end:follows]):
            break
        kept.insert(0, content)
        follows = start
    return ", ".join(kept) if kept else None


def final_answer(texts: Sequence[str]) -> str | None:
    """The last box of the last text that has one (see `last_boxed`); None without any.

    Args:
        texts: the model's prose in order, split where code ran; the final text is searched first.
    """
    for text in reversed(texts):
        if (answer := last_boxed(text)) is not None:
            return answer
    return None


def _boxes(text: str) -> list[tuple[str, int, int]]:
    """Content, start and end of each complete box that holds something."""
    found: list[tuple[str, int, int]] = []
    position = 0
    while match := _BOX.search(text, position):
        content, position = _argument(text, match.end())
        if content is not None and content.strip():
            found.append((content.strip(), match.start(), position))
    return found


def _argument(text: str, start: int) -> tuple[str | None, int]:
    """Read TeX's argument at `start`: the content (None if it never closes) and where to search on."""
    if start >= len(text):
        return None, start
    if text[start] != "{":
        token = re.compile(r"\\[A-Za-z]+|-?\d+(?:\.\d+)?|\S").match(text, start)
        return (token[0], token.end()) if token else (None, start)
    depth = 0
    position = start
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 2  # an escaped character, a brace among them, opens and closes nothing
            continue
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return text[start + 1 : position], position + 1
        position += 1
    return None, start + 1
