"""Which training problems are problems of an evaluation set, also where only the numbers are others.

`mathagent.overlap` finds a test problem in disguise, with its numbers. Training data has copies with other numbers, and
a model that has seen the wording has seen the problem: here numbers are masked, and it is enough that one text has most
of the other, so that a longer question changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import mathagent.overlap
from mathagent.data import Problem

NEAR = 0.7
"""Share of the three-word sequences of the shorter problem, numbers masked, that count as one if in common."""

_TOKEN = re.compile(r"\d[\d,.]*|[a-z]+")


class Evaluation:
    """The problems of evaluation sets, to be asked what overlaps with them."""

    def __init__(self) -> None:
        self._disguised = mathagent.overlap.Evaluation()
        self._sets: list[str] = []
        self._grams: list[frozenset[str]] = []
        self._with: defaultdict[str, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._sets)

    def add(self, name: str, problems: Iterable[Problem]) -> None:
        """Add the problems of a set under its name."""
        for problem in problems:
            self._disguised.add(name, [problem])
            grams = _grams(problem.text)
            for gram in grams:
                self._with[gram].append(len(self._sets))
            self._sets.append(name)
            self._grams.append(grams)

    def find(self, text: str) -> str | None:
        """The set with a problem that this one overlaps with, or None."""
        if (found := self._disguised.find(text)) is not None:
            return found.set
        grams = _grams(text)
        shared = Counter(place for gram in grams for place in self._with.get(gram, ()))
        near = (
            place
            for place, common in shared.items()
            if common >= NEAR * min(len(grams), len(self._grams[place]))
        )
        return next((self._sets[place] for place in near), None)


def _grams(text: str) -> frozenset[str]:
    tokens = ["0" if token[0].isdigit() else token for token in _TOKEN.findall(text.lower())]
    if len(tokens) < 3:
        return frozenset([" ".join(tokens)])
    return frozenset(" ".join(tokens[at : at + 3]) for at in range(len(tokens) - 2))
