"""Play records through `mathagent.session`: a model behind HTTP, real kernels, several at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from kernels_sandbox import Level
from mathagent.executor import KernelExecutor
from mathagent.grading import Grader
from mathagent.session import Session, open_session
from mathagent.settings import Settings
from mathagent.trace import append
from mathagent.trace.schema import GradeRecord, ProblemRecord, Trace
from tests.playback.comparison import Comparison, compare
from tests.playback.records import Record
from tests.replay.server import ReplayServer
from tests.replay.state import Settings as ReplaySettings


async def play(
    records: Sequence[Record],
    *,
    concurrency: int = 4,
    isolation: Level = "namespaces",
    traces: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Comparison]:
    """Play every record and compare it, in order. Model-written code runs in the sandbox only.

    Args:
        records: what to play.
        concurrency: solves at a time, each with a kernel of its own.
        isolation: the least level of isolation at which the kernels may run.
        traces: a trace file to append to.
        progress: told the number of finished solves.
    """
    server = ReplayServer(
        [record.recording for record in records],
        ReplaySettings(models=("tora-code-34b",), tokens_per_chunk=8),
    )
    gate, done, comparisons = asyncio.Semaphore(concurrency), 0, {}
    with server:
        asked = Settings(base_url=server.base_url, isolation=isolation)
        async with open_session(asked, lambda _: None) as session, Grader(workers=1) as grader:

            async def one(record: Record) -> None:
                nonlocal done
                async with gate:
                    trace = await _solve(session, record)
                    trace.grade = await _grade(grader, trace.answer, record.gold)
                if traces is not None:
                    append(traces, trace)
                comparisons[record.line] = compare(record, trace, trace.grade.verdict)
                done += 1
                progress(done)

            async with asyncio.TaskGroup() as group:
                for record in records:
                    group.create_task(one(record))
    inexact = [seen.body["messages"][-1]["content"][-80:] for seen in server.seen if not seen.exact]
    if inexact:
        raise AssertionError(f"{len(inexact)} requests did not continue the exact text: {inexact[:3]}")
    return [comparisons[record.line] for record in records]


async def _solve(session: Session, record: Record) -> Trace:
    """The path of `mathagent solve`: a rollout over a kernel, folded into a trace."""
    problem = ProblemRecord(id=str(record.line), text=record.recording.problem, source="tora-code-34b-gsm8k")
    recorder = session.recorder(problem)
    async with KernelExecutor(session.pool) as executor:
        rollout = session.rollout(session.messages(problem.text), executor)
        async for event in rollout.events():
            recorder.take(event)
    trace = recorder.trace()
    if trace.reply != rollout.reply:
        raise AssertionError(f"line {record.line}: the steps of the trace don't join to the reply")
    return trace


async def _grade(grader: Grader, answer: str | None, gold: str) -> GradeRecord:
    if answer is None:
        return GradeRecord(verdict="wrong", gold=gold, detail="there is no answer", seconds=0.0)
    grade = await grader.grade(answer, gold)
    return GradeRecord(verdict=grade.verdict, gold=gold, detail=grade.detail, seconds=grade.seconds)
