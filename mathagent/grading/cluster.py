r"""Answers that are mathematically equal, put together: 1/2, 0.5 and \frac{1}{2} are one vote."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mathagent.grading.clean import clean
from mathagent.grading.grader import Grader

EMPTY = -1
"""The number of an answer in which nothing stands: it has no vote."""


class Clusters:
    """The clusters of one problem's answers, numbered as they come: 0 for the first, then 1, and so on.

    Two answers are one if the grader finds each correct where the other is the known one. A comparison that it leaves
    undecided keeps them apart. An answer is compared with the first one of every cluster, so that a chain of near-equal
    answers makes no cluster of unequal ones; equal texts are not compared. The numbers follow from the answers and
    their order alone, so that it makes no difference whether they came in one go.

    Args:
        grader: an open grader.
        timeout: seconds for one comparison.
    """

    def __init__(self, grader: Grader, *, timeout: float = 5.0) -> None:
        self._grader = grader
        self._timeout = timeout
        self._one_by_one = asyncio.Lock()
        self._firsts: dict[int, str] = {}
        self._numbers: dict[str, int] = {}

    def remember(self, answer: str, number: int) -> None:
        """An answer got this number before."""
        if number != EMPTY:
            text = clean(answer)
            self._firsts.setdefault(number, text)
            self._numbers.setdefault(text, number)

    async def number(self, answer: str) -> int:
        """The number of an answer's cluster, a new one where it is equal to none so far.

        Raises GradingError where the grading process cannot be started at all.
        """
        text = clean(answer)
        if not text:
            return EMPTY
        async with self._one_by_one:
            if text not in self._numbers:
                self._numbers[text] = await self._find(text)
                self._firsts.setdefault(self._numbers[text], text)
            return self._numbers[text]

    async def _find(self, text: str) -> int:
        for number, first in self._firsts.items():
            if await self._equal(text, first):
                return number
        return max(self._firsts, default=-1) + 1

    async def _equal(self, one: str, other: str) -> bool:
        for answer, gold in ((one, other), (other, one)):
            if (await self._grader.grade(answer, gold, self._timeout)).verdict != "correct":
                return False
        return True


async def cluster(answers: Sequence[str | None], grader: Grader, timeout: float = 5.0) -> list[int | None]:
    """The cluster of each answer, in order, as `Clusters` numbers them; None for no answer."""
    clusters = Clusters(grader, timeout=timeout)
    return [None if answer is None else await clusters.number(answer) for answer in answers]
