"""The polls of a run: one for each problem, in which its samples vote as they finish."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from mathagent.grading import Grader
from mathagent.run.rows import Row
from mathagent.run.votes import cluster, settled


class Poll:
    """The votes on one problem. Answers are compared one after another, so that equal ones share a number."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._heads: dict[int, str] = {}
        self._counts: Counter[int] = Counter()
        self._ended = 0

    async def number(self, answer: str, grader: Grader) -> int:
        """The number of the answers that are equal to this one."""

        async def equal(one: str, other: str) -> bool:
            return (await grader.grade(one, other)).verdict == "correct"

        async with self._lock:
            (number,) = await cluster([answer], equal, self._heads)
            self._heads.setdefault(number, answer)
            return number

    def count(self, row: Row) -> None:
        """Count a finished sample. One that failed or was stopped has no vote, and will not vote any more."""
        self._ended += 1
        if row.votes and row.cluster is not None and row.predicted_answer is not None:
            self._heads.setdefault(row.cluster, row.predicted_answer)
            self._counts[row.cluster] += 1

    def settled(self, samples: int, wanted: float | None) -> bool:
        """Whether the samples that are left out of `samples` can be spared (`mathagent.run.votes.settled`)."""
        return bool(self._counts) and settled(list(self._counts.values()), samples - self._ended, wanted)


async def recount(poll: Poll, rows: Iterable[Row], grader: Grader) -> None:
    """Count the rows of earlier processes; those that were not compared are, as rows made from traces again."""
    waiting = []
    for row in rows:
        if row.votes and row.cluster is None:
            waiting.append(row)
        else:
            poll.count(row)
    for row in waiting:
        assert row.predicted_answer is not None
        number = await poll.number(row.predicted_answer, grader)
        poll.count(row.model_copy(update={"cluster": number}))
