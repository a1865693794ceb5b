"""A rollout that was stopped goes on where its last completed step ended, and no step is made twice."""

from __future__ import annotations

import pytest

from kernels_sandbox import KernelPool
from mathagent.events import CodeBlock, Event, Execution, Finish, Request
from mathagent.executor import KernelExecutor
from mathagent.limits import Limits
from mathagent.loop import Rollout, Task
from mathagent.protocols import protocol
from mathagent.trace.events import events_of
from mathagent.trace.recorder import Recorder
from mathagent.trace.schema import ProblemRecord
from mathagent.types import Message, Sampling
from tests.loop.scripted import ScriptedModel

pytestmark = pytest.mark.asyncio(loop_scope="module")

TASK = Task(messages=(Message("user", "What is 6 * 7, plus one?"),), prefill="Let me see. ")
SCRIPT = (
    "First:\n```python\nx = 6 * 7\nx\n```\n",
    "Wrong:\n```python\nx / 0\n```\n",
    "Again:\n```python\nx + 1\n```\n",
    "It is \\boxed{43}.",
)


def rollout_of(model: ScriptedModel, executor: KernelExecutor, limits: Limits | None = None) -> Rollout:
    return Rollout(
        TASK, model=model, protocol=protocol("markdown"), executor=executor, limits=limits or Limits()
    )


def recorder_of() -> Recorder:
    return Recorder(
        problem=ProblemRecord(id="1", text="?"),
        endpoint="",
        demo=False,
        prompt=("p", ""),
        mode="tir",
        protocol="markdown",
        sampling=Sampling(),
        limits=Limits(),
        sandbox=None,
        versions={},
    )


async def whole(pool: KernelPool) -> tuple[list[Event], Recorder]:
    recorder, events = recorder_of(), []
    async with KernelExecutor(pool) as executor:
        async for event in rollout_of(ScriptedModel(*SCRIPT), executor).events():
            recorder.take(event)
            events.append(event)
    return events, recorder


@pytest.mark.parametrize("completed", [1, 2, 3, 4, 5, 6])
async def test_every_boundary(pool: KernelPool, completed: int) -> None:
    """After each code block and each execution: the same reply comes out, and only what is left is asked for."""
    events, recorder = await whole(pool)
    ends = [n for n, step in enumerate(recorder.steps) if step.type in ("code", "output")]
    kept = recorder.steps[: ends[completed - 1] + 1]
    said = sum(step.type == "code" for step in kept)
    model = ScriptedModel(*SCRIPT[said:])
    again = recorder_of()
    seconds = again.resume(recorder.id, recorder.started, kept)
    pending = kept[-1].type == "code"
    rest: list[Event] = []
    async with KernelExecutor(pool) as executor:
        rollout = rollout_of(model, executor)
        executor.restore(rollout.resume(events_of(kept), seconds))
        async for event in rollout.events():
            again.take(event)
            rest.append(event)
    one, other = recorder.trace(), again.trace()
    assert other.reply == one.reply == rollout.reply
    assert (other.answer, other.finish.reason, other.id) == ("43", "answer", one.id)
    assert other.usage.executions == 3
    assert len(model.requests) == 4 - said
    assert sum(isinstance(event, CodeBlock) for event in rest) == 3 - said
    assert sum(isinstance(event, Execution) for event in rest) == 3 - said + pending
    assert other.usage.requests == one.usage.requests == sum(isinstance(event, Request) for event in events)
    assert other.usage.completion_tokens == one.usage.completion_tokens


async def test_limits_count_what_was_used(pool: KernelPool) -> None:
    _, recorder = await whole(pool)
    code = [n for n, step in enumerate(recorder.steps) if step.type == "output"][1]
    kept = list(events_of(recorder.steps[: code + 1]))
    async with KernelExecutor(pool) as executor:
        for limits, reason in (
            (Limits(executions=2, seconds=90), "execution_limit"),
            (Limits(tokens=5, seconds=90), "token_limit"),
            (Limits(seconds=50), "time_limit"),
        ):
            rollout = rollout_of(ScriptedModel(*SCRIPT[2:]), executor, limits)
            rollout.resume(kept, 60.0)
            last = [event async for event in rollout.events()][-1]
            assert isinstance(last, Finish)
            assert last.reason == reason


async def test_a_block_too_many_is_not_run_after_a_resume_either(pool: KernelPool) -> None:
    _, recorder = await whole(pool)
    code = [n for n, step in enumerate(recorder.steps) if step.type == "code"][2]
    async with KernelExecutor(pool) as executor:
        rollout = rollout_of(ScriptedModel(), executor, Limits(executions=2))
        rollout.resume(events_of(recorder.steps[: code + 1]), 1.0)
        rest = [event async for event in rollout.events()]
    assert not [event for event in rest if isinstance(event, Execution)]
    assert isinstance(rest[-1], Finish)
    assert rest[-1].reason == "execution_limit"


async def test_what_could_not_be_restored_is_said(pool: KernelPool) -> None:
    async with KernelExecutor(pool) as executor:
        executor.restore(["x = 1", "y = nowhere"])
        first = await executor.execute("x", timeout=20)
        assert (first.result, first.detail) == (
            "1",
            "1 of 2 earlier cells could not be run again in a fresh kernel.",
        )
        assert (await executor.execute("x", timeout=20)).detail == ""
