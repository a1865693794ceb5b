"""Which training problems are problems of an evaluation set: with names of numbers masked, or nearly word for word."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

NEAR = 0.75
"""Share of three-word sequences in common (Jaccard) from which two problems count as one."""

_TOKEN = re.compile(r"\d[\d,.]*|[a-z]+")


class Evaluation:
    """The problems of evaluation sets, to be asked what overlaps with them."""

    def __init__(self) -> None:
        self._sets: list[str] = []
        self._grams: list[frozenset[str]] = []
        self._with: defaultdict[str, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._sets)

    def add(self, name: str, problems: Iterable[str]) -> None:
        """Add the texts of a set under its name."""
        for text in problems:
            grams = _grams(text)
            for gram in grams:
                self._with[gram].append(len(self._sets))
            self._sets.append(name)
            self._grams.append(grams)

    def find(self, text: str) -> str | None:
        """The set with a problem that this one overlaps with, or None. Other numbers make no other problem."""
        grams = _grams(text)
        shared = Counter(place for gram in grams for place in self._with.get(gram, ()))
        for place, common in shared.most_common(5):
            if common / (len(grams) + len(self._grams[place]) - common) >= NEAR:
                return self._sets[place]
        return None


def _grams(text: str) -> frozenset[str]:
    tokens = ["0" if token[0].isdigit() else token for token in _TOKEN.findall(text.lower())]
    if len(tokens) < 3:
        return frozenset([" ".join(tokens)])
    return frozenset(" ".join(tokens[at : at + 3]) for at in range(len(tokens) - 2))
