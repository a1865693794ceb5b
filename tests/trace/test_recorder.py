"""The recorder: the steps of a trace join to the reply, whatever a model says and wherever it is stopped."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels_sandbox import CellResult, OutputChunk
from mathagent.errors import ModelBusy
from mathagent.limits import Limits
from mathagent.loop import Rollout, Task
from mathagent.protocols import protocol
from mathagent.trace import Trace
from mathagent.trace.schema import CodeStep, OutputStep, RequestStep
from mathagent.types import Message
from tests.loop.scripted import Line, ScriptedModel
from tests.trace.conftest import make_recorder, make_trace

PIECES = st.sampled_from(
    [
        "```python\n",
        "```py\n",
        "```output\n",
        "```\n",
        "```",
        "~~~\n",
        "print(1)\n",
        "x = '''\n",
        "I think",
        " \\boxed{7}",
        "\n",
        "  ",
        "é∑",
    ]
)
SAID = st.lists(PIECES, max_size=12).map("".join)
ENDS = st.one_of(SAID, st.just(ModelBusy("busy", "wait")))


class Echo:
    """An executor that runs nothing: it answers each cell with a result that depends on the code alone."""

    async def execute(
        self, code: str, *, timeout: float, on_output: Callable[[OutputChunk], None] | None = None
    ) -> CellResult:
        return CellResult("ok", stdout=f"{len(code)}\n```\n" if len(code) % 2 else "", seconds=0.5)

    async def interrupt(self) -> None:
        raise AssertionError("no cell runs here for long")


async def solve(
    lines: list[Line], *, piece: int, tokens: int, prefill: str, can_continue: bool
) -> tuple[Trace, str]:
    model = ScriptedModel(*lines, piece=piece, can_continue=can_continue)
    rollout = Rollout(
        Task((Message("user", "?"),), prefill=prefill, last_execution="[the last]"),
        model=model,
        protocol=protocol("markdown"),
        executor=Echo(),
        limits=Limits(executions=3, tokens=tokens),
    )
    recorder = make_recorder()
    async for event in rollout.events():
        recorder.take(event)
    return recorder.trace(), rollout.reply


@given(
    lines=st.lists(ENDS, min_size=1, max_size=5),
    piece=st.sampled_from([1, 3, 7, 1000]),
    tokens=st.sampled_from([5, 40, 8000]),
    prefill=st.sampled_from(["", "```python\n", "So:\n"]),
    can_continue=st.booleans(),
)
@settings(max_examples=150, deadline=None)
async def test_the_steps_join_to_the_reply(
    lines: list[Line], piece: int, tokens: int, prefill: str, can_continue: bool
) -> None:
    trace, reply = await solve(lines, piece=piece, tokens=tokens, prefill=prefill, can_continue=can_continue)
    assert trace.reply == reply
    assert Trace.model_validate_json(trace.model_dump_json()) == trace
    codes = [step.index for step in trace.steps if isinstance(step, CodeStep)]
    outputs = [step.index for step in trace.steps if isinstance(step, OutputStep)]
    assert codes[: len(outputs)] == outputs == list(range(len(outputs)))
    assert len(codes) - len(outputs) in (0, 1)
    requests = [step for step in trace.steps if isinstance(step, RequestStep)]
    assert trace.usage.requests == len(requests)
    assert trace.usage.completion_tokens == sum(step.completion_tokens for step in requests)
    assert trace.usage.completion_tokens <= tokens
    assert trace.usage.executions == len(outputs)
    assert trace.usage.kernel_seconds == pytest.approx(0.5 * len(outputs))
    assert [step.at for step in trace.steps] == sorted(step.at for step in trace.steps)


def test_a_trace_can_be_had_before_the_end() -> None:
    recorder = make_recorder()
    trace = recorder.trace()
    assert trace.finish.reason == "cancelled"
    assert trace.steps == []
    assert Trace.model_validate_json(trace.model_dump_json()) == trace


def test_what_a_trace_says() -> None:
    trace = make_trace()
    assert trace.reply == "```python\n6 * 7\n```\n```output\n42\n```\nGröße ∑ 中文: \\boxed{42}."
    assert trace.model.model_dump() == {
        "name": "m",
        "endpoint": "http://127.0.0.1:1/v1",
        "owner": "vllm",
        "context_tokens": 4096,
        "demo": False,
    }
    assert trace.prompt.messages == [{"role": "user", "content": "What is 6 * 7?", "name": "someone"}]
    assert trace.sampling == {"temperature": 0.5}
    assert trace.limits["executions"] == 8
    assert trace.versions["server"] == "1.0"
    assert {"mathagent", "python", "ipykernel", "sympy"} <= trace.versions.keys()
    assert (trace.usage.prompt_tokens, trace.usage.completion_tokens, trace.usage.cached_tokens) == (12, 5, 0)
    assert trace.answer == "42"


def test_two_solves_in_one_second_have_different_names() -> None:
    assert len({make_recorder().id for _ in range(100)}) == 100
