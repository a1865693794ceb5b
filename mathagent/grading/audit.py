"""Two graders on the same answers: where they disagree, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from mathagent.grading.grade import Grade
from mathagent.grading.grader import Grader


@dataclass(frozen=True, slots=True)
class Audit:
    """One answer judged twice.

    grade: ours. second: Math-Verify's with its defaults. Either may be "undecided"; its detail says why.
    """

    grade: Grade
    second: Grade

    @property
    def agree(self) -> bool:
        """Whether both say the same."""
        return self.grade.verdict == self.second.verdict

    @property
    def reason(self) -> str:
        """One line for a person: both verdicts and how each grader read the two texts."""
        if self.agree:
            return f"both {self.grade.verdict}: {self.grade.detail}"
        return f"{self.grade.verdict}: {self.grade.detail} | {self.second.verdict}: {self.second.detail}"


async def audit(pairs: Iterable[tuple[str, str]], grader: Grader, timeout: float = 5.0) -> list[Audit]:
    """Judge each (answer, gold) by both graders, in the pairs' order.

    Args:
        pairs: answers with their golds.
        grader: an open one; both graders run on its processes.
        timeout: seconds for each of the two comparisons of a pair.

    Raises:
        GradingError: the grading process cannot be started at all.
    """

    async def judge(answer: str, gold: str) -> Audit:
        grade = await grader.grade(answer, gold, timeout)
        return Audit(grade, await grader.second_opinion(answer, gold, timeout))

    return list(await asyncio.gather(*(judge(answer, gold) for answer, gold in pairs)))
