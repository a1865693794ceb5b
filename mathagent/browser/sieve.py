"""Which traces a query wants, found piece by piece, so that a screen can show the first ones and stop the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from mathagent.collection import Collection, Entry, Query

PAUSE = 0.15
"""Seconds before texts are searched: of a person who still types, each key would begin a search that no one wants."""
EVERY = 0.1
"""Seconds between two pieces."""


@dataclass(slots=True)
class Piece:
    """What was found since the last piece. seen: traces looked at so far, of `total`."""

    seen: int
    total: int
    found: list[Entry] = field(default_factory=list)


def sift(
    collection: Collection, entries: Sequence[Entry], query: Query, cancelled: Callable[[], bool]
) -> Iterator[Piece]:
    """Look at entries in order; yields at least one piece, unless `cancelled` says at any entry that nobody waits.

    Raises TraceError if a text is asked for and the file has changed.
    """
    if any(term.texts for term in query.terms):
        time.sleep(PAUSE)
    piece, said = Piece(0, len(entries)), time.monotonic()
    for number, entry in enumerate(entries, 1):
        if cancelled():
            return
        if query.wants(entry, partial(collection.texts, entry)):
            piece.found.append(entry)
        if time.monotonic() - said >= EVERY and number < len(entries):
            piece.seen, said = number, time.monotonic()
            yield piece
            piece = Piece(number, len(entries))
    piece.seen = len(entries)
    yield piece
