"""The polls of a run: one for each problem, in which its samples vote as they finish."""

from __future__ import annotations

from collections.abc import Iterable

from mathagent.grading import Clusters, Grader
from mathagent.run.rows import Row, VoteWeight
from mathagent.run.votes import Tally


class Poll:
    """The votes on one problem, and which of its answers are equal.

    Args:
        grader: compares answers.
        samples, stop: as for `mathagent.run.votes.Tally`.
        weight: what a vote weighs.
    """

    def __init__(
        self, grader: Grader, samples: int, stop: float | str | None, weight: VoteWeight = "count"
    ) -> None:
        self._weight = weight
        self._clusters = Clusters(grader)
        self._tally = Tally(samples, stop)

    @property
    def settled(self) -> bool:
        """Whether the samples that have not been counted can be spared."""
        return self._tally.settled

    async def number(self, answer: str) -> int:
        """The number of the answers that are equal to this one (`mathagent.grading.Clusters`)."""
        return await self._clusters.number(answer)

    def count(self, row: Row) -> None:
        """Count a finished sample. One that failed or was stopped has no vote, and will not vote any more."""
        self._tally.count(row.cluster if row.votes else None, row.weight(self._weight))

    def recount(self, rows: Iterable[Row]) -> None:
        """Count the rows of earlier processes, in the order in which they were counted then."""
        for row in rows:
            if row.predicted_answer is not None and row.cluster is not None:
                self._clusters.remember(row.predicted_answer, row.cluster)
            self.count(row)
