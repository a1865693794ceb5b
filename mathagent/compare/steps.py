"""Two traces of one problem, step by step: which step is which, and what of it differs.

A unit is a stretch of prose, of thinking, or a block of code with its output. Units of a kind are aligned so that as
many words as possible stand beside their like (Needleman and Wunsch 1970), in order; what has no like stands alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from typing import Literal

from mathagent.trace.schema import ChoiceStep, CodeStep, OutputStep, TextStep, Trace

Kind = Literal["prose", "thinking", "code"]

_ALIKE = 0.25  # of their words: less, and two units stand apart


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that was said or run. output, status: of code; None and "" where it was not run."""

    kind: Kind
    text: str
    output: str | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class Aligned:
    """A unit of one trace and its like in the other; None where it has none."""

    first: Unit | None
    second: Unit | None

    @property
    def kind(self) -> Kind:
        """The kind of both."""
        unit = self.first or self.second
        assert unit is not None
        return unit.kind

    @property
    def same(self) -> bool:
        """Whether both said the same, code with the same output and status."""
        return self.first == self.second

    def diff(self) -> list[str]:
        """The lines of the texts that differ, as `diff -u` writes them, without its head; none for equal texts."""
        return _diff(*(unit.text if unit else None for unit in (self.first, self.second)))

    def output_diff(self) -> list[str]:
        """The same for the outputs of code."""
        return _diff(*(unit.output if unit else None for unit in (self.first, self.second)))


def units_of(trace: Trace) -> list[Unit]:
    """The units of a trace, in order, without white space around them."""
    outputs = {step.index: step for step in trace.steps if isinstance(step, OutputStep)}
    units: list[Unit] = []
    for step in trace.steps:
        if isinstance(step, TextStep):
            if step.reasoning.strip():
                _say(units, "thinking", step.reasoning)
            if step.kind != "markup" and step.raw.strip():
                _say(units, "prose" if step.kind == "text" else "thinking", step.raw)
        elif isinstance(step, ChoiceStep):
            _say(units, "prose", step.raw)
        elif isinstance(step, CodeStep):
            ran = outputs.get(step.index)
            output, status = (ran.shown, str(ran.result.get("status", ""))) if ran else (None, "")
            units.append(Unit("code", step.code, output, status))
    return [replace(unit, text=unit.text.strip("\n" if unit.kind == "code" else None)) for unit in units]


def align(first: Sequence[Unit], second: Sequence[Unit]) -> list[Aligned]:
    """Put the units of two traces side by side; both keep their order."""
    words = [[Counter(unit.text.split()) for unit in units] for units in (first, second)]
    best = [[0.0] * (len(second) + 1) for _ in range(len(first) + 1)]
    like: dict[tuple[int, int], float] = {}
    for i in reversed(range(len(first))):
        for j in reversed(range(len(second))):
            alike = _alike(words[0][i], words[1][j]) if first[i].kind == second[j].kind else 0.0
            like[i, j] = alike if alike >= _ALIKE else -1.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], like[i, j] + best[i + 1][j + 1])
    rows: list[Aligned] = []
    i = j = 0
    while i < len(first) or j < len(second):
        if i < len(first) and j < len(second) and best[i][j] == like[i, j] + best[i + 1][j + 1]:
            rows.append(Aligned(first[i], second[j]))
            i, j = i + 1, j + 1
        elif i < len(first) and (j == len(second) or best[i][j] == best[i + 1][j]):
            rows.append(Aligned(first[i], None))
            i += 1
        else:
            rows.append(Aligned(None, second[j]))
            j += 1
    return rows


def _say(units: list[Unit], kind: Kind, text: str) -> None:
    """Add prose or thinking, to the last unit where that is of the same kind."""
    if units and units[-1].kind == kind:
        text = units.pop().text + text
    units.append(Unit(kind, text))


def _alike(one: Counter[str], other: Counter[str]) -> float:
    """The share of the words that both have, counted as often as both have them (Dice)."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def _diff(*texts: str | None) -> list[str]:
    one, other = ((text or "").splitlines() for text in texts)
    return list(unified_diff(one, other, n=2, lineterm=""))[2:]
