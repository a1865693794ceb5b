"""The ways in which a problem becomes another: each a role of a prompt, and what must hold for what comes of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mathagent.data import Problem
from mathagent.errors import UsageError
from mathagent.overlap import normal
from mathagent.overlap.latex import plain
from mathagent.overlap.numbers import numbers_in

_UNKNOWN = re.compile(r"(?<![A-Za-z])[xX](?![A-Za-z])")
_PART = re.compile(
    r"\d\s*/\s*\d|percent|\b(?:half|halves|third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth)s?\b|分之|百分",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Fits:
    """What a way makes of a new problem: why it is none ("" if it is), and its answer, where that is known."""

    fault: str = ""
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One way.

    name: the role of its prompt (`mathagent.prompts.GIVEN`).
    check: holds the text of a new problem against the one that it was made of.
    needs_answer: only problems with a known answer can be asked.
    """

    name: str
    check: Callable[[Problem, str], Fits]
    needs_answer: bool = False


def _same_answer(source: Problem, text: str) -> Fits:
    return Fits(expected=source.gold)


def _anything(source: Problem, text: str) -> Fits:
    return Fits()


def _other_numbers(source: Problem, text: str) -> Fits:
    return Fits("numbers unchanged" if normal(source.text).numbers == normal(text).numbers else "")


def _parts(source: Problem, text: str) -> Fits:
    return Fits("" if _PART.search(plain(text)) else "no fraction")


def _one_unknown(source: Problem, text: str) -> Fits:
    """One number of the problem is gone, x stands in its place and the answer in the text: then x is that number."""
    shown = plain(text)
    if not _UNKNOWN.search(shown):
        return Fits("no unknown")
    there, given = Counter(numbers_in(shown)), list(numbers_in(plain(source.gold or "")))
    if not given or Counter(given) - there:
        return Fits("answer not given")
    gone = Counter(numbers_in(plain(source.text))) - (there - Counter(given))
    if gone.total() != 1:
        return Fits("not one unknown")
    return Fits(expected=next(gone.elements()))


WAYS: Mapping[str, Way] = {
    way.name: way
    for way in (
        Way("rephrase", _same_answer),
        Way("similar", _anything),
        Way("harder", _anything),
        Way("numbers", _other_numbers),
        Way("fractions", _parts),
        Way("statement", _one_unknown, needs_answer=True),
        Way("backward", _one_unknown, needs_answer=True),
    )
}
"""By name. A rephrased problem must keep its answer; in a statement or a backward question the unknown is known."""


def read_ways(text: str | None) -> tuple[Way, ...]:
    """Ways as a person writes them, `rephrase,numbers`; all for None. Raises UsageError."""
    names = list(WAYS) if text is None else [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in WAYS]:
        raise UsageError(f"--ways: unknown way {unknown[0]!r}", f"known: {', '.join(WAYS)}")
    if not names:
        raise UsageError("--ways: no way is given", f"known: {', '.join(WAYS)}")
    return tuple(WAYS[name] for name in dict.fromkeys(names))
