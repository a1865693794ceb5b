"""Evaluation sets that must not be trained on, and the problems that are theirs, in whatever disguise.

After InternLM-Math (arXiv 2402.06332), which keeps its test sets out of its data by an exact match of the numbers and
formulas of a text beside MinHash. Numbers alone would take any two problems about 2 and 3 for one, so here the words
must agree as well; and a text that has most trigrams of a test problem is one whatever its numbers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mathagent.data import Problem, load
from mathagent.overlap.normal import Normal, normal

_FORMULAS = 0.75  # share of common formulas, where both have some
_FEW = 0.75  # share of common words where one or two numbers agree, which says little
_MANY = 0.55  # where three or more do
_WORDS = 2  # with fewer, trigrams are compared in their place
_SOME = 0.2  # share of common trigrams that must be there as well
_NGRAMS = 0.75  # share of the test problem's trigrams
_LONG = 8  # trigrams that a test problem must have for that


@dataclass(frozen=True, slots=True)
class Overlap:
    """The problem of an evaluation set that a text is.

    set, id, text: of that problem. how: "exact" (the same tokens), "numbers" (the same numbers and mostly the same
    words), "ngrams" (mostly the same trigrams). share: of what is in common, from 0 to 1.
    """

    set: str
    id: str
    text: str
    how: Literal["exact", "numbers", "ngrams"]
    share: float


class Evaluation:
    """Evaluation sets, to ask whether a text is one of their problems.

    A text is found where its tokens are those of a test problem; or its numbers are, with at least 75 % of the words
    (55 % with three numbers or more), 75 % of the formulas and a fifth of the trigrams of whichever text has fewer; or
    at least 75 % of the test problem's trigrams of tokens, if it has 8, stand in the text.

    Attributes: sets, the fingerprint (`DataSet.sha256`) of every set by name, where they were loaded.
    """

    def __init__(self) -> None:
        self.sets: dict[str, str] = {}
        self._problems: list[tuple[str, Problem, Normal]] = []
        self._exact: dict[tuple[str, ...], int] = {}
        self._by_numbers: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self._by_ngram: dict[str, list[int]] = defaultdict(list)
        self._sizes: list[int] = []

    def __len__(self) -> int:
        return len(self._problems)

    def add(self, name: str, problems: Iterable[Problem]) -> None:
        """Add the problems of a set."""
        for problem in problems:
            reduced, place = normal(problem.text), len(self._problems)
            ngrams = reduced.ngrams
            self._problems.append((name, problem, reduced))
            self._sizes.append(len(ngrams))
            self._exact.setdefault(reduced.tokens, place)
            if reduced.numbers:
                self._by_numbers[reduced.numbers].append(place)
            if len(ngrams) >= _LONG:
                for ngram in ngrams:
                    self._by_ngram[ngram].append(place)

    def find(self, text: str) -> Overlap | None:
        """The problem that a text is, the most alike; None if it is none of them."""
        reduced = normal(text)
        if (place := self._exact.get(reduced.tokens)) is not None:
            return self._overlap(place, "exact", 1.0)
        best: tuple[float, int] | None = None
        for place in self._by_numbers.get(reduced.numbers, ()):
            known = self._problems[place][2]
            share, ngrams = _common(reduced.words, known.words), _common(reduced.ngrams, known.ngrams)
            wanted = _MANY if len(reduced.numbers) > 2 else _FEW
            if min(len(reduced.words), len(known.words)) < _WORDS:
                share, wanted = ngrams, _FEW
            if not _same_formulas(reduced, known) or ngrams < _SOME:
                continue
            if share >= wanted and (best is None or share > best[0]):
                best = share, place
        if best is not None:
            return self._overlap(best[1], "numbers", best[0])
        found = Counter(place for ngram in reduced.ngrams for place in self._by_ngram.get(ngram, ()))
        for place, number in found.items():
            share = number / self._sizes[place]
            if share >= _NGRAMS and (best is None or share > best[0]):
                best = share, place
        return self._overlap(best[1], "ngrams", best[0]) if best else None

    def _overlap(self, place: int, how: Literal["exact", "numbers", "ngrams"], share: float) -> Overlap:
        name, problem, _ = self._problems[place]
        return Overlap(name, problem.id, problem.text, how, round(share, 3))


def load_evaluation(specs: Sequence[str], *, data_dir: Path | None = None, online: bool = True) -> Evaluation:
    """The evaluation sets of these names or files (see `mathagent.data.load`). Raises UsageError and DataError."""
    evaluation = Evaluation()
    for spec in specs:
        data = load(spec, data_dir=data_dir, online=online)
        evaluation.add(data.name, data.problems)
        evaluation.sets[data.name] = data.sha256
    return evaluation


def _same_formulas(one: Normal, other: Normal) -> bool:
    if not one.formulas or not other.formulas:
        return True
    return _common(one.formulas, other.formulas) >= _FORMULAS


def _common(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of what is in both, of the smaller one; of the larger one's half at least, so that a few words in
    a long text are not all of it.
    """
    if not one or not other:
        return 0.0
    small, large = sorted((len(one), len(other)))
    return len(one & other) / max(small, large / 2)
