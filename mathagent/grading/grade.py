"""The verdict on one answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["correct", "wrong", "undecided"]


@dataclass(frozen=True, slots=True)
class Grade:
    """A verdict and where it comes from.

    verdict: "undecided" when the grader ran out of time, failed, or refuses the input as too large; an answer is
        "wrong" only when it was compared and differs.
    answer, gold: the texts that were compared, as given.
    detail: for a person, one line: why not correct (what each side was read as), or how it was decided.
    seconds: time taken, without the start of the grading process.
    """

    verdict: Verdict
    answer: str
    gold: str
    detail: str
    seconds: float
