"""The first problems of GSM8K with the embedded model on vLLM: nothing crashes, every trace is complete, and how
many it solves. `python -m tests.vllm.gsm8k --limit 100 --concurrency 8`; needs ../shared/data.

GSM8K: Cobbe et al. 2021, MIT licence (openai/grade-school-math).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path

from mathagent.executor import KernelExecutor
from mathagent.grading import Grader
from mathagent.session import Session, open_session
from mathagent.settings import Settings
from mathagent.trace import Trace
from mathagent.trace.schema import GradeRecord, ProblemRecord

DATA = Path(__file__).parents[3] / "shared" / "data" / "gsm8k" / "test.jsonl"


async def solve(session: Session, row: dict[str, str], grader: Grader) -> Trace:
    """One problem, solved and graded."""
    recorder = session.recorder(ProblemRecord(id=f"gsm8k/{row['idx']}", text=row["question"], source="gsm8k"))
    async with KernelExecutor(session.pool) as executor:
        rollout = session.rollout(session.messages(row["question"]), executor)
        async for event in rollout.events():
            recorder.take(event)
    trace = recorder.trace()
    assert trace.reply == rollout.reply, "the steps of the trace do not give the reply"
    gold = row["answer"].rsplit("####", 1)[1].strip()
    if trace.answer is not None:
        grade = await grader.grade(trace.answer, gold)
        trace.grade = GradeRecord(
            verdict=grade.verdict, gold=gold, detail=grade.detail, seconds=grade.seconds
        )
    return Trace.model_validate_json(trace.model_dump_json())


async def run(limit: int, concurrency: int) -> list[Trace]:
    """The first `limit` problems, `concurrency` at a time."""
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()[:limit]]
    gate, done = asyncio.Semaphore(concurrency), 0

    async with (
        open_session(Settings(), lambda line: print(line, file=sys.stderr)) as session,
        Grader() as grader,
    ):

        async def one(row: dict[str, str]) -> Trace:
            nonlocal done
            async with gate:
                trace = await solve(session, row, grader)
            done += 1
            print(f"{done}/{len(rows)} {trace.finish.reason} {trace.answer}", file=sys.stderr)
            return trace

        return await asyncio.gather(*(one(row) for row in rows))


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--concurrency", type=int, default=8)
    options = parser.parse_args()
    began = time.monotonic()
    traces = asyncio.run(run(options.limit, options.concurrency))
    verdicts = Counter(trace.grade.verdict if trace.grade else "no answer" for trace in traces)
    statuses = Counter(
        str(step.result["status"]) for trace in traces for step in trace.steps if step.type == "output"
    )
    print(f"problems    {len(traces)} in {time.monotonic() - began:.0f} s")
    print(f"correct     {verdicts['correct']}")
    print(f"verdicts    {dict(verdicts)}")
    print(f"finish      {dict(Counter(trace.finish.reason for trace in traces))}")
    print(f"executions  {dict(statuses)}")
    print(f"tokens      {sum(trace.usage.completion_tokens for trace in traces)}")


if __name__ == "__main__":
    main()
