r"""Answers that are mathematically equal, put together: 1/2, 0.5 and \frac{1}{2} are one vote."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from mathagent.grading.clean import clean
from mathagent.grading.grader import Grader


class Clusterer:
    """Clusters answers, and remembers what it compared: more samples of a problem cost only what is new.

    Two answers are one if the grader finds each correct where the other is the known one. A comparison that it leaves
    undecided keeps them apart.

    Args:
        grader: an open grader.
        timeout: seconds for one comparison.
    """

    def __init__(self, grader: Grader, *, timeout: float = 5.0) -> None:
        self._grader = grader
        self._timeout = timeout
        self._compared: dict[tuple[str, str], bool] = {}

    async def cluster(self, answers: Sequence[str | None]) -> list[list[int]]:
        """The positions of equal answers, largest cluster first, then the one that was given first.

        Which answers go together depends on the answers and their counts, not on their order: each is compared with
        the representatives of the clusters so far, the most frequent and shortest spelling first. None and empty
        answers are no votes and are left out.

        Raises:
            GradingError: the grading process cannot be started at all.
        """
        spelled: dict[str, list[int]] = defaultdict(list)
        for position, answer in enumerate(answers):
            if answer is not None and (text := clean(answer)):
                spelled[text].append(position)
        clusters: dict[str, list[int]] = {}
        for text in sorted(spelled, key=lambda text: (-len(spelled[text]), len(text), text)):
            verdicts = await asyncio.gather(*(self._equal(text, chief) for chief in clusters))
            chief = next((chief for chief, equal in zip(clusters, verdicts, strict=True) if equal), text)
            clusters.setdefault(chief, []).extend(spelled[text])
        return sorted((sorted(members) for members in clusters.values()), key=lambda m: (-len(m), m[0]))

    async def _equal(self, one: str, other: str) -> bool:
        key = (one, other) if one <= other else (other, one)
        if key not in self._compared:
            grade = await self._grader.grade(*key, self._timeout)
            if grade.verdict == "correct":
                grade = await self._grader.grade(*key[::-1], self._timeout)
            self._compared[key] = grade.verdict == "correct"
        return self._compared[key]


async def cluster(answers: Sequence[str | None], grader: Grader, timeout: float = 5.0) -> list[list[int]]:
    """Cluster answers once; see `Clusterer.cluster`."""
    return await Clusterer(grader, timeout=timeout).cluster(answers)
