"""The loop in tags, turns and tool calls, with real kernels: what each request holds, what runs, what answers."""

from __future__ import annotations

import pytest

from mathagent.events import Answer, CodeBlock, Execution, Text
from mathagent.executor import KernelExecutor
from mathagent.limits import Limits
from mathagent.loop import Rollout, Task
from mathagent.models import OpenAIServer
from mathagent.protocols import protocol
from mathagent.types import ChatInput, Message
from tests.loop.scripted import ScriptedModel
from tests.loop.test_loop import TASK, finish, only, run, whole
from tests.replay.recording import Recording
from tests.replay.server import ReplayServer
from tests.replay.state import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")


def chats(model: ScriptedModel) -> list[ChatInput]:
    return [each for each in model.requests if isinstance(each, ChatInput)]


async def test_openmath_computes_while_it_thinks(executor: KernelExecutor) -> None:
    model = ScriptedModel(
        "<think>\nLet me see.\n<tool_call>\nx = 6 * 7\nprint(x)\n</tool_call>\nIt is 41.",
        'Or \\boxed{41}?\n<tool_call>\n{"name": "python", "arguments": {"code": "print(x + 1)"}}\n</tool_call>',
        "\n</think>\nIt is \\boxed{42}.",
    )
    events, rollout = await run(model, executor, Limits(executions=2), wire="openmath")
    assert only(events, Answer) == [Answer("42")]
    assert [event.code for event in only(events, CodeBlock)] == ["x = 6 * 7\nprint(x)", "print(x + 1)"]
    assert [event.kind for event in only(events, Text)] == [
        "markup",
        "thinking",
        "thinking",
        "thinking",
        "markup",
        "text",
    ]
    assert whole(events) == rollout.reply
    assert "\n```output\n42\n```\n```system\nRemaining code executions: 1. " in rollout.reply
    assert "```system\nYou have run out of code executions!" in rollout.reply
    assert rollout.reply.startswith(chats(model)[-1].messages[-1].content)


async def test_llm_code_is_run_and_not_believed(executor: KernelExecutor) -> None:
    made_up = "<llm-code>\nprint(6 * 7)\n</llm-code>\n<llm-code-output>\n99\n</llm-code-output>\n\\boxed{99}"
    model = ScriptedModel(made_up, "So \\boxed{42}.", piece=200)
    events, rollout = await run(model, executor, wire="llm-code")
    assert only(events, Answer) == [Answer("42")]
    assert "99" not in rollout.reply
    assert "</llm-code>\n<llm-code-output>\n42\n</llm-code-output>\n" in rollout.reply


@pytest.mark.parametrize("can_continue", [True, False])
async def test_execute_takes_turns(executor: KernelExecutor, can_continue: bool) -> None:
    model = ScriptedModel(
        "Assistant:\n<thought> Compute. </thought>\n<execute>\nx = 6 * 7\nprint(x)\n</execute>\nObservation:\n9",
        "```python\nprint(x / 0)\n```\n\nObservation:\n43",
        "<thought> Fine. </thought>\nThe answer is <solution> 42 </solution>. Or 43.",
        can_continue=can_continue,
        piece=7,
    )
    events, rollout = await run(model, executor, wire="execute")
    assert only(events, Answer) == [Answer("42")]
    assert finish(events) == "answer"
    assert whole(events) == rollout.reply
    last = chats(model)[-1]
    assert not last.continue_final
    assert [each.role for each in last.messages] == ["user", "assistant", "user", "assistant", "user"]
    assert last.messages[2].content == "Observation:\n42\nYou have 7 steps left."
    assert "ZeroDivisionError" in last.messages[4].content
    assert "43" not in rollout.reply


async def test_a_turn_that_only_paused_is_continued(executor: KernelExecutor) -> None:
    model = ScriptedModel("It says\nObservation: none needed. <solution>5</solution>")
    events, _ = await run(model, executor, wire="execute")
    assert only(events, Answer) == [Answer("5")]
    assert chats(model)[-1].continue_final


def called(*codes: str) -> tuple[str, ...]:
    """What a model says that calls the tool with these arguments, one after the other."""
    calls = [
        f"<think>\nStep {n}.</think>\n<tool_call>python\n{each}</tool_call>" for n, each in enumerate(codes)
    ]
    return (*calls, "<think>\n\\boxed{0}</think>\nSo \\boxed{42}.")


async def test_tools_are_called_through_a_server(executor: KernelExecutor) -> None:
    """Thinking and calls come apart, go back as messages; what can't be run is answered, and no kernel is asked."""
    said = called('{"code": "x = 6 * 7\\nprint(x)"}', "print(x)", '{"code": "print(x + 0)"}')
    recording = Recording("What is 6 * 7?", said, ("1", "2", "3"), turns=True)
    with ReplayServer([recording], Settings(tool_parser=True, reasoning_parser=True)) as server:
        model = OpenAIServer(server.base_url)
        task = Task((Message("user", recording.problem),))
        rollout = Rollout(task, model=model, protocol=protocol("tools"), executor=executor, limits=Limits())
        events = [event async for event in rollout.events()]
        await model.aclose()
    assert only(events, Answer) == [Answer("42")]
    results = [event.result for event in only(events, Execution)]
    assert [result.status for result in results] == ["ok", "error", "ok"]
    assert results[1].error is not None
    assert results[1].error.name == "InvalidCall"
    assert [event.shown for event in only(events, Execution)][::2] == ["42", "42"]
    assert [event.reasoning for event in only(events, Text)] == [
        "Step 0.",
        "Step 1.",
        "Step 2.",
        "\\boxed{0}",
    ]
    assert whole(events) == rollout.reply
    sent = server.seen[-1].body["messages"]
    assert [each["role"] for each in sent] == ["user", *["assistant", "tool"] * 3]
    assert [each.get("reasoning") for each in sent[1::2]] == ["Step 0.", "Step 1.", "Step 2."]
    assert [each["tool_call_id"] for each in sent[2::2]] == [
        each["tool_calls"][0]["id"] for each in sent[1::2]
    ]
    assert "must be a JSON object" in sent[4]["content"]
    assert all(seen.exact for seen in server.seen)


async def test_the_same_bad_call_again_and_again_ends_it(executor: KernelExecutor) -> None:
    recording = Recording("What is 6 * 7?", called("x", "x", "x", "x"), ("1", "2", "3", "4"), turns=True)
    with ReplayServer([recording], Settings(tool_parser=True)) as server:
        model = OpenAIServer(server.base_url)
        task = Task((Message("user", recording.problem),))
        rollout = Rollout(task, model=model, protocol=protocol("tools"), executor=executor, limits=Limits())
        events = [event async for event in rollout.events()]
        await model.aclose()
    assert finish(events) == "repeated_error"
    assert len(only(events, Execution)) == 3


async def test_code_in_thinking_stays_there(executor: KernelExecutor) -> None:
    thought = "<think>\nI could run\n```python\n1 / 0\n```\nbut \\boxed{1} no.\n</think>\n"
    model = ScriptedModel(thought + "```python\nprint(6 * 7)\n```\n", "So \\boxed{42}.")
    events, rollout = await run(model, executor)
    assert only(events, Answer) == [Answer("42")]
    assert [event.result.status for event in only(events, Execution)] == ["ok"]
    assert rollout.reply.startswith(thought)
    assert TASK.messages == chats(model)[0].messages
