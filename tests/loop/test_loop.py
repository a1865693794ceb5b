"""The loop with a scripted model and real kernels: what ends it, what the model is sent, what the reply is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TypeVar

import pytest

from mathagent.errors import ContextOverflow, ModelBusy
from mathagent.events import (
    Answer,
    CodeBlock,
    Event,
    Execution,
    Failure,
    Finish,
    Prefill,
    Request,
    Text,
    TextDelta,
)
from mathagent.executor import KernelExecutor
from mathagent.limits import Limits
from mathagent.loop import Rollout, Task
from mathagent.protocols import protocol
from mathagent.types import ChatInput, Message
from tests.loop.scripted import ScriptedModel

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")
USUAL = Limits()
TASK = Task((Message("user", "What is 6 * 7?"),), last_execution="[the last one]")


async def run(
    model: ScriptedModel,
    executor: KernelExecutor,
    limits: Limits = USUAL,
    task: Task = TASK,
    wire: str = "markdown",
) -> tuple[list[Event], Rollout]:
    rollout = Rollout(task, model=model, protocol=protocol(wire), executor=executor, limits=limits)
    return [event async for event in rollout.events()], rollout


def only(events: list[Event], kind: type[T]) -> list[T]:
    return [event for event in events if isinstance(event, kind)]


def finish(events: list[Event]) -> str:
    assert isinstance(events[-1], Finish)
    return events[-1].reason


def whole(events: list[Event]) -> str:
    return "".join(event.raw for event in events if isinstance(event, Prefill | Text | CodeBlock | Execution))


async def test_text_code_output_text_answer(executor: KernelExecutor) -> None:
    model = ScriptedModel("I compute.\n```python\nx = 6 * 7\nx\n```\n", "So it is $\\boxed{42}$.")
    events, rollout = await run(model, executor)
    assert whole(events) == rollout.reply
    assert rollout.reply == (
        "I compute.\n```python\nx = 6 * 7\nx\n```\n```output\n42\n```\nSo it is $\\boxed{42}$."
    )
    assert only(events, Answer) == [Answer("42")]
    assert finish(events) == "answer"
    assert [event.finish for event in only(events, Request)] == ["stop", "stop"]


async def test_each_round_continues_the_exact_text(executor: KernelExecutor) -> None:
    model = ScriptedModel("```python\nx = 1\nprint(x)\n```\n", "```python\nprint(x + 1)\n```\n", "\\boxed{2}")
    _, rollout = await run(model, executor)
    replies = [
        each.messages[-1].content
        for each in model.requests
        if isinstance(each, ChatInput) and each.continue_final
    ]
    assert len(replies) == 2
    assert replies[1].startswith(replies[0])
    assert rollout.reply.startswith(replies[1])


async def test_an_invented_output_is_cut_off_and_the_code_runs(executor: KernelExecutor) -> None:
    model = ScriptedModel(
        "```python\nprint(1 + 1)\n```\n```output\n99\n```\nIt is \\boxed{99}.", "\\boxed{2}", piece=60
    )
    events, rollout = await run(model, executor)
    assert "99" not in rollout.reply
    assert only(events, Answer) == [Answer("2")]


async def test_words_after_a_block_are_discarded_and_stop_the_model(executor: KernelExecutor) -> None:
    """A server that ignores stop strings: the block still runs, what came after it is kept apart."""
    model = ScriptedModel("```python\nprint(5)\n```\n```output\n7\n```\n\\boxed{7}", "\\boxed{5}", piece=3)
    wire = protocol("markdown")
    rollout = Rollout(TASK, model=model, protocol=replace_stop(wire), executor=executor, limits=Limits())
    events = [event async for event in rollout.events()]
    assert only(events, Answer) == [Answer("5")]
    assert only(events, CodeBlock)[0].discarded
    assert model.closed_early == 1
    assert whole(events) == rollout.reply


def replace_stop(wire: object) -> object:
    silent = type("Silent", (type(wire),), {"stop": ()})
    return silent()


async def test_the_stop_string_need_not_be_in_the_text(executor: KernelExecutor) -> None:
    model = ScriptedModel("```python\nprint(5)\n```\n", "\\boxed{5}", includes_stop=False)
    events, rollout = await run(model, executor)
    assert rollout.reply == "```python\nprint(5)\n```\n```output\n5\n```\n\\boxed{5}"
    assert only(events, Answer) == [Answer("5")]


async def test_a_stop_string_in_prose_only_pauses(executor: KernelExecutor) -> None:
    text = "A table:\n```text\na b\n```\nand so it is \\boxed{3}."
    events, rollout = await run(ScriptedModel(text), executor)
    assert rollout.reply == text
    assert only(events, Answer) == [Answer("3")]
    assert only(events, Execution) == []


async def test_prose_full_of_fences_costs_few_requests(executor: KernelExecutor) -> None:
    text = "```text\na\n```\n" * 30 + "```python\nprint(2)\n```\n"
    model = ScriptedModel(text + "and more words", "\\boxed{2}")
    events, rollout = await run(model, executor)
    assert rollout.reply == text + "```output\n2\n```\n\\boxed{2}"
    assert len(model.requests) <= 6
    assert only(events, Answer) == [Answer("2")]


async def test_a_block_left_open_at_the_end_of_the_turn_runs(executor: KernelExecutor) -> None:
    events, rollout = await run(ScriptedModel("```python\nprint(8)", "\\boxed{8}"), executor)
    assert rollout.reply == "```python\nprint(8)\n```\n```output\n8\n```\n\\boxed{8}"
    assert finish(events) == "answer"


async def test_a_block_cut_off_by_the_token_limit_does_not_run(executor: KernelExecutor) -> None:
    events, _ = await run(ScriptedModel("```python\nprint(8)\nprint(9)"), executor, Limits(tokens=4))
    assert only(events, Execution) == []
    assert finish(events) == "token_limit"


async def test_the_prefill_is_no_word_of_the_model(executor: KernelExecutor) -> None:
    task = replace(TASK, prefill="```python\n")
    model = ScriptedModel("print(3)\n```\n", "\\boxed{3}")
    events, rollout = await run(model, executor, task=task)
    assert only(events, Prefill) == [Prefill("```python\n")]
    assert only(events, CodeBlock)[0].raw == "print(3)\n```\n"
    assert only(events, CodeBlock)[0].code == "print(3)\n"
    assert whole(events) == rollout.reply


async def test_the_last_allowed_execution_is_announced(executor: KernelExecutor) -> None:
    model = ScriptedModel("```python\n1\n```\n", "```python\n2\n```\n", "\\boxed{2}")
    events, _ = await run(model, executor, Limits(executions=2))
    shown = [event.shown for event in only(events, Execution)]
    assert shown == ["1", "2\n[the last one]"]
    assert finish(events) == "answer"


async def test_code_after_the_last_allowed_execution_ends_it(executor: KernelExecutor) -> None:
    block = "Then \\boxed{7}?\n```python\n1\n```\n"
    events, _ = await run(ScriptedModel(block, block), executor, Limits(executions=1))
    assert finish(events) == "execution_limit"
    assert len(only(events, Execution)) == 1
    assert only(events, Answer) == [Answer("7")]


async def test_the_same_error_again_and_again_ends_it(executor: KernelExecutor) -> None:
    block = "```python\n1 / 0\n```\n"
    events, _ = await run(ScriptedModel(*[block] * 5), executor, Limits(repeated_errors=3))
    assert finish(events) == "repeated_error"
    assert len(only(events, Execution)) == 3


async def test_other_errors_of_the_same_code_do_not_count_together(executor: KernelExecutor) -> None:
    block = "```python\nn = globals().get('n', 0) + 1\nraise ValueError(n)\n```\n"
    events, _ = await run(ScriptedModel(*[block] * 3, "\\boxed{1}"), executor, Limits(repeated_errors=2))
    assert finish(events) == "answer"


async def test_tokens_are_counted_over_all_requests(executor: KernelExecutor) -> None:
    model = ScriptedModel("```python\n1\n```\n", "word " * 100)
    events, _ = await run(model, executor, Limits(tokens=30))
    assert finish(events) == "token_limit"
    assert sum(event.usage.completion for event in only(events, Request)) == 30
    assert model.max_tokens[1] < 30


async def test_outputs_count_in_the_context(executor: KernelExecutor) -> None:
    model = ScriptedModel("```python\nprint('x' * 3000)\n```\n", "word " * 400, context=1000)
    events, _ = await run(model, executor)
    assert finish(events) == "context_limit"


async def test_a_prompt_beyond_the_context_is_a_limit(executor: KernelExecutor) -> None:
    events, _ = await run(ScriptedModel(ContextOverflow("4096 tokens are the limit")), executor)
    assert finish(events) == "context_limit"


async def test_wall_time_ends_the_generation(executor: KernelExecutor) -> None:
    model = ScriptedModel("word " * 1000, delay=0.01)
    events, rollout = await run(model, executor, Limits(seconds=0.3))
    assert finish(events) == "time_limit"
    assert rollout.reply.startswith("word ")
    assert whole(events) == rollout.reply


async def test_wall_time_ends_a_cell(executor: KernelExecutor) -> None:
    model = ScriptedModel("```python\nimport time; time.sleep(60)\n```\n", "\\boxed{1}")
    events, _ = await run(model, executor, Limits(seconds=3))
    assert only(events, Execution)[0].result.status == "timeout"
    assert finish(events) == "time_limit"


async def test_a_failing_model_keeps_what_was_said(executor: KernelExecutor) -> None:
    model = ScriptedModel("```python\nprint(1)\n```\n", ModelBusy("busy", "wait"))
    events, rollout = await run(model, executor)
    assert only(events, Failure) == [Failure("model", "busy", "wait", passing=True)]
    assert finish(events) == "model_error"
    assert rollout.reply.endswith("```output\n1\n```\n")


async def test_cancel_while_the_model_writes(executor: KernelExecutor) -> None:
    model = ScriptedModel("word " * 1000, delay=0.01)
    rollout = Rollout(TASK, model=model, protocol=protocol("markdown"), executor=executor, limits=Limits())
    events: list[Event] = []
    async for event in rollout.events():
        events.append(event)
        if len(only(events, TextDelta)) == 5:
            asyncio.get_running_loop().call_later(0.05, lambda: asyncio.ensure_future(rollout.cancel()))
    assert finish(events) == "cancelled"
    assert model.closed_early == 1
    assert whole(events) == rollout.reply != ""
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_cancel_while_a_cell_runs_keeps_the_kernel(executor: KernelExecutor) -> None:
    model = ScriptedModel("```python\nimport time\ntime.sleep(60)\n```\n")
    rollout = Rollout(TASK, model=model, protocol=protocol("markdown"), executor=executor, limits=Limits())
    set_x = await executor.execute("x = 11", timeout=60)
    assert set_x.ok, "the kernel is there now, however busy the machine"
    events: list[Event] = []
    async for event in rollout.events():
        events.append(event)
        if isinstance(event, CodeBlock):
            asyncio.get_running_loop().call_later(1.5, lambda: asyncio.ensure_future(rollout.cancel()))
    assert only(events, Execution)[0].result.status == "interrupted"
    assert finish(events) == "cancelled"
    assert (await executor.execute("x", timeout=10)).result == "11"


async def test_cancel_before_the_kernel_is_there(executor: KernelExecutor) -> None:
    model = ScriptedModel("```python\nimport time\ntime.sleep(60)\n```\n")
    rollout = Rollout(TASK, model=model, protocol=protocol("markdown"), executor=executor, limits=Limits())
    events: list[Event] = []
    async for event in rollout.events():
        events.append(event)
        if isinstance(event, CodeBlock):
            asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(rollout.cancel()))
    assert [event.result.status for event in only(events, Execution)] in ([], ["interrupted"])
    assert finish(events) == "cancelled"


async def test_cot_runs_nothing(executor: KernelExecutor) -> None:
    text = "```python\nprint(1)\n```\n\\boxed{1}"
    events, rollout = await run(ScriptedModel(text), executor, wire="cot")
    assert rollout.reply == text
    assert only(events, Execution) == []
    assert finish(events) == "answer"


async def test_a_reply_without_a_box_is_no_answer(executor: KernelExecutor) -> None:
    events, _ = await run(ScriptedModel("It is 42."), executor)
    assert finish(events) == "no_answer"


async def test_boxes_in_code_and_output_are_no_answer(executor: KernelExecutor) -> None:
    model = ScriptedModel("```python\nprint('\\\\boxed{1}')  # \\boxed{2}\n```\n", "Done.")
    events, _ = await run(model, executor)
    assert "\\boxed{1}" in only(events, Execution)[0].shown
    assert only(events, Answer) == []


async def test_a_dead_kernel_is_told_to_the_model_and_replaced(executor: KernelExecutor) -> None:
    model = ScriptedModel(
        "```python\nx = 1\nimport os; os._exit(3)\n```\n",
        "```python\nprint('x' in dir())\n```\n",
        "\\boxed{0}",
    )
    events, _ = await run(model, executor)
    first, second = only(events, Execution)
    assert first.result.status == "died"
    assert first.result.state_lost
    assert "kernel" in first.shown
    assert second.shown == "False"


async def test_a_server_that_cannot_continue_gets_turns(executor: KernelExecutor) -> None:
    model = ScriptedModel("```python\nprint(4)\n```\n", "\\boxed{4}", can_continue=False, includes_stop=False)
    events, rollout = await run(model, executor, task=replace(TASK, prefill="never sent"))
    request = model.requests[1]
    assert isinstance(request, ChatInput)
    assert [message.role for message in request.messages] == ["user", "assistant", "user"]
    assert (
        request.messages[-1].content.startswith("```\n```output\n4\n```")
        or "```output\n4" in request.messages[-1].content
    )
    assert only(events, Answer) == [Answer("4")]
    assert "never sent" not in rollout.reply


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7, 11, 1000])
async def test_the_reply_does_not_depend_on_the_pieces(executor: KernelExecutor, piece: int) -> None:
    model = ScriptedModel(
        "a\n  ```py\n  print(1)\n  ```\n",
        "b `x` ``` c\n```python\nprint('''\n```\n''')\n```\n",
        "\\boxed{9}",
        piece=piece,
    )
    events, rollout = await run(model, executor)
    assert [event.code for event in only(events, CodeBlock)] == ["print(1)\n", "print('''\n```\n''')\n"]
    assert whole(events) == rollout.reply
    assert only(events, Answer) == [Answer("9")]
