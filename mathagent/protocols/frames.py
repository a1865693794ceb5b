"""Turns and calls written into the one text of a reply, so that nothing a model or a cell writes can be taken for them.

A frame is a line that begins with ``␞`` and a word, perhaps with details in JSON after it: ``␞call {"id": "7"}``. A
``␞`` in other text is written twice. Only protocols whose servers take messages and calls apart use frames; they are
never sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MARK = "␞"
_FRAME = re.compile(rf"{MARK}{MARK}|\n?{MARK}(?P<word>[a-z]+)(?: (?P<details>[^\n]*))?(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame: its word, and its details ({} where it has none, or none that can be read)."""

    word: str
    details: Mapping[str, Any]


def escaped(text: str) -> str:
    """Text as it stands between frames."""
    return text.replace(MARK, MARK * 2)


def unescaped(text: str) -> str:
    """The text that `escaped` was given."""
    return text.replace(MARK * 2, MARK)


def frame(word: str, details: Mapping[str, Any] | None = None) -> str:
    """A frame on a line of its own."""
    return (
        f"\n{MARK}{word}{'' if details is None else ' ' + escaped(json.dumps(details, ensure_ascii=False))}\n"
    )


def read_frames(text: str) -> Iterator[str | Frame]:
    """The frames of a text and the text between them, unescaped; empty text is left out."""
    at = 0
    for match in _FRAME.finditer(text):
        if match["word"] is None:
            continue
        if at < match.start():
            yield unescaped(text[at : match.start()])
        yield Frame(match["word"], read_details(match["details"] or ""))
        at = match.end()
    if at < len(text):
        yield unescaped(text[at:])


def read_details(text: str) -> Mapping[str, Any]:
    """The details of a frame, without which it means nothing much: {} for what can't be read."""
    try:
        details = json.loads(unescaped(text)) if text else {}
    except (ValueError, RecursionError):
        return {}
    return details if isinstance(details, dict) else {}
