"""Batches of about equally many tokens, of examples of about equal length: little padding, equal steps. Seeded."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

_POOL = 40
"""Batches among which examples are sorted by length: more pads less, fewer shuffles better."""


def batches(lengths: Sequence[int], tokens: int, seed: int) -> Iterator[list[int]]:
    """The indices of one pass over all examples, in batches of at most `tokens` tokens, padding counted.

    An example longer than that is a batch of its own.
    """
    draw = random.Random(f"batches {seed}")
    order = list(range(len(lengths)))
    draw.shuffle(order)
    mean = sum(lengths) / max(1, len(lengths))
    pool = max(1, int(_POOL * tokens / max(1.0, mean)))
    for start in range(0, len(order), pool):
        group = sorted(order[start : start + pool], key=lambda index: lengths[index])
        made: list[list[int]] = [[]]
        for index in group:
            if made[-1] and lengths[index] * (len(made[-1]) + 1) > tokens:
                made.append([])
            made[-1].append(index)
        draw.shuffle(made)
        yield from (batch for batch in made if batch)
