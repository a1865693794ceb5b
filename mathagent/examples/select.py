"""Which examples are worth training on, and why the others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mathagent.examples.example import Example
from mathagent.examples.mattered import code_mattered


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an example must be.

    correct: its answer is right. tokens: at most so many were generated. mattered: its code was used
    (`mathagent.examples.mattered`); chain-of-thought, which has none, passes. reward: at least this
    `reward_model_score`. distinct: no reply twice for one problem, spacing aside. most: so many of one problem at most.
    """

    correct: bool = False
    tokens: int | None = None
    mattered: bool = False
    reward: float | None = None
    distinct: bool = False
    most: int | None = None


def select(examples: Sequence[Example], wanted: Wanted) -> tuple[list[Example], list[tuple[Example, str]]]:
    """The examples that are wanted, in their order, and the others with the reason for which they are not."""
    kept: list[Example] = []
    dropped: list[tuple[Example, str]] = []
    seen: set[tuple[str, str]] = set()
    taken: Counter[str] = Counter()
    for example in examples:
        fault = fault_of(example, wanted)
        key = (example.row.id, " ".join(example.trace.reply.split()))
        if not fault and wanted.distinct and key in seen:
            fault = "duplicate"
        if not fault and wanted.most is not None and taken[example.row.id] >= wanted.most:
            fault = "enough of this problem"
        seen.add(key)
        taken[example.row.id] += not fault
        if fault:
            dropped.append((example, fault))
        else:
            kept.append(example)
    return kept, dropped


def fault_of(example: Example, wanted: Wanted) -> str:
    """Why an example is not wanted; "" if it is. A sample that failed, was stopped or said nothing never is."""
    row = example.row
    if row.error is not None or row.stopped is not None:
        return "failed"
    if not example.trace.reply.strip():
        return "empty"
    if wanted.correct and row.verdict != "correct":
        return "not correct"
    if wanted.tokens is not None and row.num_generated_tokens > wanted.tokens:
        return "too long"
    if wanted.reward is not None and (
        row.reward_model_score is None or row.reward_model_score < wanted.reward
    ):
        return "low reward"
    if wanted.mattered and example.trace.mode == "tir" and not code_mattered(example.trace):
        return "code did not matter"
    return ""


def counts(dropped: Sequence[tuple[Example, str]]) -> dict[str, int]:
    """How many were dropped for each reason, the most frequent first."""
    return dict(Counter(reason for _, reason in dropped).most_common())
