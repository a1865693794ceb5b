"""The polls of a run: one for each problem, in which its samples vote as they finish."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mathagent.grading import Clusters, Grader
from mathagent.run.rows import Row
from mathagent.run.votes import settled


class Poll:
    """The votes on one problem, and which of its answers are equal."""

    def __init__(self, grader: Grader) -> None:
        self._clusters = Clusters(grader)
        self._counts: Counter[int] = Counter()
        self._ended = 0

    async def number(self, answer: str) -> int:
        """The number of the answers that are equal to this one (`mathagent.grading.Clusters`)."""
        return await self._clusters.number(answer)

    def count(self, row: Row) -> None:
        """Count a finished sample. One that failed or was stopped has no vote, and will not vote any more."""
        self._ended += 1
        if row.votes and row.cluster is not None:
            self._counts[row.cluster] += 1

    def recount(self, rows: Iterable[Row]) -> None:
        """Count the rows of earlier processes, in the order in which they were counted then."""
        for row in rows:
            if row.predicted_answer is not None and row.cluster is not None:
                self._clusters.remember(row.predicted_answer, row.cluster)
            self.count(row)

    def settled(self, samples: int, wanted: float | None) -> bool:
        """Whether the samples that are left out of `samples` can be spared (`mathagent.run.votes.settled`)."""
        return bool(self._counts) and settled(list(self._counts.values()), samples - self._ended, wanted)
