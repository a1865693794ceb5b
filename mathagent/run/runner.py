"""A run: every trajectory on its own, from the schedule over a server and a kernel to its verdict and its row.

Consumes the loop's events by way of `Trajectory`; shows nothing itself. What is shown reads `Runner.progress`.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

from mathagent.data import Problem
from mathagent.events import Failure
from mathagent.grading import Grader
from mathagent.run.endpoints import Endpoint, Endpoints
from mathagent.run.folder import RunFolder
from mathagent.run.journal import Key
from mathagent.run.kernels import Kernels
from mathagent.run.plan import Plan
from mathagent.run.polls import Poll
from mathagent.run.progress import Progress
from mathagent.run.regrade import judge
from mathagent.run.rows import FAILED, Row
from mathagent.run.schedule import Schedule
from mathagent.run.seeds import seed_of
from mathagent.run.trajectory import Trajectory
from mathagent.run.watch import ServerWatch
from mathagent.session import Session
from mathagent.trace.schema import GradeRecord, Trace

_SYNC = 2.0  # seconds between two waits for the disk
_RETRIES = 4  # times that one trajectory is taken up again: a server that answers and then fails may not go on for ever


class Runner:
    """Runs a plan in a folder. `run` may be called once.

    Args:
        plan: what to do.
        session: the model, its prompt and limits.
        endpoints: the servers.
        folder: where it all goes.
        tell: takes lines about what a person should know.

    Attributes: progress, always up to date.
    """

    def __init__(
        self,
        plan: Plan,
        session: Session,
        endpoints: Endpoints,
        folder: RunFolder,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._plan = plan
        self._session = session
        self._endpoints = endpoints
        self._folder = folder
        self._tell = tell
        self._kernels = Kernels(session.pool, alive=plan.kernels, running=plan.cells)
        self._problems = {problem.id: problem for problem in plan.problems}
        self._schedule = Schedule(list(self._problems), plan.samples, folder.ended, folder.begun)
        self._active: dict[Key, Trajectory] = {}
        self._put_back: dict[Key, Trajectory] = {}
        self._ended: dict[str, set[int]] = defaultdict(set)
        self._polls: dict[str, Poll] = {}
        self._watch = ServerWatch(plan, tell)
        self.progress = Progress(total=len(self._problems) * plan.samples)
        for row in folder.finished.values():
            self._count(row, fresh=False)

    async def run(self) -> None:
        """Run to the end, or until `drain`. Raises RunError when it can't go on; what was finished is kept."""
        plan, syncing = self._plan, asyncio.ensure_future(self._keep_syncing())
        try:
            async with Grader(workers=max(1, (os.cpu_count() or 2) // 2)) as grader:
                self._grader = grader
                self._polls = {
                    id: Poll(grader, plan.samples, plan.stop, plan.weight) for id in self._problems
                }
                await self._recount()
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(plan.trajectories, self._schedule.waiting)):
                        group.create_task(self._work())
        except BaseExceptionGroup as group_of_errors:
            raise _first(group_of_errors) from None
        finally:
            syncing.cancel()
            with suppress(OSError):
                self._folder.sync()

    def drain(self) -> None:
        """Begin nothing more; `run` ends when what is under way has ended."""
        self._schedule.drain()

    async def _work(self) -> None:
        while (key := await self._schedule.next()) is not None:
            ended = False
            try:
                ended = await self._trajectory(key)
            finally:
                self._active.pop(key, None)
                if ended:
                    self._schedule.end(key)
                else:
                    self._schedule.put_back(key)
                self._measure()

    async def _trajectory(self, key: Key) -> bool:
        """Let a trajectory go on; false if it has to go on later."""
        id, sample = key
        trajectory = self._put_back.pop(key, None) or Trajectory(
            self._problems[id],
            key,
            seed_of(self._plan.seed, id, sample),
            self._folder.begun.pop(key, None),
        )
        self._active[key] = trajectory
        async with self._endpoints.lease() as endpoint:
            self._measure()
            trace, passing = await trajectory.run(
                self._session, endpoint, self._kernels, self._folder.journal, self.progress.said
            )
            if passing is not None:
                self._set_aside(endpoint, passing)
                if trajectory.failures <= _RETRIES:
                    self._put_back[key] = trajectory
                    return False
        self._watch.look(trace)
        if trace.finish.reason not in FAILED:
            trace.grade = await self._grade(trace.answer, self._problems[id])
        row = self._folder.finish(trace, await self._cluster(trace))
        self._polls[id].count(row)
        self._count(row, fresh=True)
        await self._vote(id)
        return True

    async def _recount(self) -> None:
        """The votes of earlier processes."""
        by_problem: dict[str, list[Row]] = defaultdict(list)
        for row in self._folder.finished.values():
            by_problem[row.id].append(row)
        for problem, rows in by_problem.items():
            self._polls[problem].recount(rows)
        for trace in self._folder.unwritten:
            row = self._folder.finish_row(trace, await self._cluster(trace))
            self._polls[row.id].count(row)
            self._count(row, fresh=False)
        self._folder.unwritten.clear()
        for problem in self._problems:
            await self._vote(problem)

    async def _cluster(self, trace: Trace) -> int | None:
        """The number of the answers that are equal to a trace's; None where it has none, or failed."""
        if trace.answer is None or trace.finish.reason in FAILED:
            return None
        return await self._polls[trace.problem.id].number(trace.answer)

    def _set_aside(self, endpoint: Endpoint, failure: Failure) -> None:
        self.progress.retries += 1
        self._endpoints.set_aside(endpoint, failure.message)

    async def _grade(self, answer: str | None, problem: Problem) -> GradeRecord | None:
        """The verdict against the answers that are known; None where none is known."""
        if not problem.golds:
            return None
        found = await judge(self._grader, answer, problem.golds)
        gold = found.gold or problem.golds[0]
        return GradeRecord(
            verdict=found.verdict, gold=gold, detail=found.detail, seconds=round(found.seconds, 4)
        )

    async def _vote(self, problem: str) -> None:
        """Drop the problem's other samples if its vote is decided without them."""
        samples, ended = self._plan.samples, self._ended[problem]
        if len(ended) >= samples or not self._polls[problem].settled:
            return
        keys = [(problem, sample) for sample in range(samples) if sample not in ended]
        for key in self._schedule.drop(keys):
            if (trajectory := self._active.get(key)) is not None and not trajectory.stopped:
                await trajectory.stop()
        self.progress.dropped = len(self._schedule.dropped)

    def _count(self, row: Row, *, fresh: bool) -> None:
        self._ended[row.id].add(row.sample)
        self.progress.finished(row, fresh=fresh)

    def _measure(self) -> None:
        self.progress.running = len(self._active)
        self.progress.kernels = self._kernels.held
        self.progress.waiting = self._schedule.waiting

    async def _keep_syncing(self) -> None:
        while True:
            await asyncio.sleep(_SYNC)
            with suppress(OSError):
                await asyncio.to_thread(self._folder.sync)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that a person should see: the first one inside."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
