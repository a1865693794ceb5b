"""Whether the samples that solved a new problem agree, and on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mathagent.run.accuracy import clusters_of
from mathagent.run.rows import Row
from mathagent.run.votes import Ballot, vote


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the samples say.

    fault: why the problem is not kept: "failed" (no sample ended by itself), "no answer", "disagreement",
        "other answer" (than the one that is known), "undecided" (nobody can tell whether it is); "" if it is kept.
    answer: the leading one. share: of the samples that ended by themselves. samples: those that gave it.
    """

    fault: str = ""
    answer: str | None = None
    share: float = 0.0
    samples: tuple[int, ...] = ()


def agreement(rows: Sequence[Row], wanted: float) -> Agreement:
    """What the samples of one problem agree on.

    Args:
        rows: its samples, graded if its answer is known.
        wanted: the share of the samples that must have given the leading answer.
    """
    ended = sorted(
        (row for row in rows if row.error is None and row.stopped is None), key=lambda row: row.sample
    )
    if not ended:
        return Agreement("failed")
    numbers = dict(zip((row.sample for row in ended), clusters_of(ended), strict=True))
    outcome = vote(Ballot(sample, number) for sample, number in numbers.items() if number is not None)
    if outcome is None:
        return Agreement("no answer")
    leading = [row for row in ended if numbers[row.sample] == outcome.winner]
    share = round(len(leading) / len(ended), 4)
    found = Agreement("", leading[0].predicted_answer, share, tuple(row.sample for row in leading))
    if outcome.tied or share < wanted:
        return Agreement("disagreement", found.answer, share, found.samples)
    if leading[0].golds and not any(row.verdict == "correct" for row in leading):
        undecided = any(row.verdict == "undecided" for row in leading)
        return Agreement("undecided" if undecided else "other answer", found.answer, share, found.samples)
    return found
