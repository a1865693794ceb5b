"""Play records through `mathagent.session`: a model behind HTTP, real kernels, several at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kernels_sandbox import KernelPool, Level, Policy
from mathagent.executor import KernelExecutor
from mathagent.grading import Grader
from mathagent.limits import Limits
from mathagent.session import Endpoint, Session
from mathagent.settings import Settings
from mathagent.trace import append
from mathagent.trace.schema import GradeRecord, ProblemRecord, Trace
from tests.playback.comparison import Comparison, compare
from tests.playback.records import Format, Record
from tests.replay.server import ReplayServer
from tests.replay.state import Settings as ReplaySettings

# The recorded harnesses had limits of their own, and what they left is in the records: ours must not end a run before.
_LIMITS = Limits(tokens=10**6, seconds=1800, repeated_errors=10**6, output_chars=50_000)
_EXECUTIONS = 64


@asynccontextmanager
async def player(isolation: Level = "namespaces", *, cell_seconds: float = 30) -> AsyncIterator[Player]:
    """Open a player with kernels at this level of isolation or above, and this wall time for a cell."""
    policy = Policy(cell_seconds=cell_seconds, min_level=isolation)
    async with KernelPool(policy, warm=1) as pool, Grader(workers=1) as grader:
        yield Player(pool, grader, replace(_LIMITS, cell_seconds=cell_seconds))


@dataclass(frozen=True)
class Player:
    """Plays records. Model-written code runs in the sandbox only."""

    pool: KernelPool
    grader: Grader
    limits: Limits

    async def play(
        self,
        form: Format,
        records: Sequence[Record],
        *,
        concurrency: int = 4,
        traces: Path | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> list[Comparison]:
        """Play every record in its format's protocol and compare it, in order.

        Args:
            form: their format.
            records: what to play.
            concurrency: solves at a time, each with a kernel of its own.
            traces: a trace file to append to.
            progress: told the number of finished solves.
        """
        compared: dict[str, Comparison] = {}
        for batch in _batches(records):
            settings = ReplaySettings(models=(form.model,), tokens_per_chunk=32, max_model_len=10**7)
            with ReplayServer([record.recording for record in batch], settings) as server:
                async with self._session(form, server) as session, asyncio.TaskGroup() as group:
                    gate = asyncio.Semaphore(concurrency)

                    async def one(
                        record: Record, session: Session = session, gate: asyncio.Semaphore = gate
                    ) -> None:
                        async with gate:
                            trace = await _solve(session, record, form.name)
                            compared[record.source] = await _compared(self.grader, record, trace)
                        if traces is not None:
                            append(traces, trace)
                        progress(len(compared))

                    for record in batch:
                        group.create_task(one(record))
                _exact(server)
        return [compared[record.source] for record in records]

    @asynccontextmanager
    async def _session(self, form: Format, server: ReplayServer) -> AsyncIterator[Session]:
        """A session with the server that plays, in the format's protocol."""
        asked = Settings(
            protocol=form.protocol, limits=self.limits, tokens=self.limits.tokens, executions=_EXECUTIONS
        )
        session = Session(asked, Endpoint(server.base_url, None), self.pool, lambda _: None)
        await session.use_model(None)
        try:
            yield session
        finally:
            await session.aclose()


def _exact(server: ReplayServer) -> None:
    """Raises AssertionError where a request did not go on from the exact text of the reply so far."""
    inexact = [seen.body for seen in server.seen if not seen.exact]
    if inexact:
        ends = [str(body.get("prompt") or body["messages"][-1]["content"])[-200:] for body in inexact[:3]]
        raise AssertionError(f"{len(inexact)} requests did not continue the exact text: {ends}")


def _batches(records: Sequence[Record]) -> list[list[Record]]:
    """The records in groups in which every problem comes once: a recording is found by its problem."""
    batches: list[list[Record]] = []
    seen: Counter[str] = Counter()
    for record in records:
        problem = record.recording.problem
        if seen[problem] == len(batches):
            batches.append([])
        batches[seen[problem]].append(record)
        seen[problem] += 1
    return batches


async def _solve(session: Session, record: Record, source: str) -> Trace:
    """The path of `mathagent solve`: a rollout over a kernel, folded into a trace."""
    problem = ProblemRecord(id=record.source, text=record.recording.problem, source=source)
    recorder = session.recorder(problem)
    async with KernelExecutor(session.pool) as executor:
        rollout = session.rollout(session.messages(problem.text), executor)
        async for event in rollout.events():
            recorder.take(event)
    trace = recorder.trace()
    if trace.reply != rollout.reply:
        raise AssertionError(f"{record.source}: the steps of the trace don't join to the reply")
    return trace


async def _compared(grader: Grader, record: Record, trace: Trace) -> Comparison:
    """Grade against the right answer and against the recorded one, and compare."""
    answer, same = trace.answer, False
    if answer is None:
        trace.grade = GradeRecord(verdict="wrong", gold=record.gold, detail="there is no answer", seconds=0.0)
    else:
        grade = await grader.grade(answer, record.gold)
        trace.grade = GradeRecord(
            verdict=grade.verdict, gold=record.gold, detail=grade.detail, seconds=grade.seconds
        )
        if record.answer and record.answer != answer:
            same = (await grader.grade(answer, record.answer)).verdict == "correct"
    return compare(record, trace, verdict=trace.grade.verdict, same_answer=same)
