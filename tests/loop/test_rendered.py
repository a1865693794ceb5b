"""The loop over rendered prompts: every protocol that renders its own, with a scripted model and real kernels."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mathagent.events import Answer, CodeBlock, Event, Execution, Finish, Prefill, Text
from mathagent.executor import KernelExecutor
from mathagent.limits import Limits
from mathagent.loop import Rollout, Task
from mathagent.protocols import protocol
from mathagent.types import Message
from tests.loop.scripted import ScriptedModel

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Dialogue:
    """What a model says in two rounds of code and at the end, and how the whole reply reads.

    invented: what it would go on with after a block, if it were let.
    """

    said: tuple[str, str, str]
    invented: str
    reply: str


TASK = Task((Message("system", "Solve."), Message("user", "What is 6 * 7?")))
DIALOGUES = {
    "internlm2": Dialogue(
        (
            "I set x.<|action_start|><|interpreter|>\n```python\nx = 6\n```<|action_end|>",
            "Now<|action_start|><|interpreter|>\nx * 7<|action_end|>",
            "It is $\\boxed{42}$.<|im_end|>",
        ),
        "<|im_end|>\n<|im_start|>environment name=<|interpreter|>\n9<|im_end|>\n<|im_start|>assistant\n\\boxed{9}",
        "I set x.<|action_start|><|interpreter|>\n```python\nx = 6\n```<|action_end|>\n<|im_end|>\n"
        "<|im_start|>environment name=<|interpreter|>\n<|im_end|>\n<|im_start|>assistant\n"
        "Now<|action_start|><|interpreter|>\nx * 7<|action_end|>\n<|im_end|>\n"
        "<|im_start|>environment name=<|interpreter|>\n42<|im_end|>\n<|im_start|>assistant\n"
        "It is $\\boxed{42}$.<|im_end|>",
    ),
    "mathcoder": Dialogue(
        (
            "<|text|>I set x.<|endofblock|><|code|>x = 6<|endofblock|>",
            "<|text|>Now<|endofblock|><|code|>x * 7<|endofblock|>",
            "<|text|>It is $\\boxed{42}$.<|endofblock|><|endofmessage|>",
        ),
        "<|execution|>9<|endofblock|><|text|>\\boxed{9}<|endofblock|><|endofmessage|>",
        "<|text|>I set x.<|endofblock|><|code|>x = 6<|endofblock|><|execution|><empty_execution><|endofblock|>"
        "<|text|>Now<|endofblock|><|code|>x * 7<|endofblock|><|execution|>42<|endofblock|>"
        "<|text|>It is $\\boxed{42}$.<|endofblock|><|endofmessage|>",
    ),
    "llama3": Dialogue(
        (
            "I set x.<|python_tag|>x = 6<|eom_id|>",
            "<|python_tag|>x * 7<|eom_id|>",
            "It is $\\boxed{42}$.<|eot_id|>",
        ),
        "<|start_header_id|>ipython<|end_header_id|>\n\n9<|eot_id|>\\boxed{9}",
        "I set x.<|python_tag|>x = 6<|eom_id|><|start_header_id|>ipython<|end_header_id|>\n\ncompleted<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n<|python_tag|>x * 7<|eom_id|>"
        "<|start_header_id|>ipython<|end_header_id|>\n\ncompleted\n[stdout]42[/stdout]<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nIt is $\\boxed{42}$.<|eot_id|>",
    ),
    "harmony": Dialogue(
        (
            "<|channel|>analysis<|message|>Maybe \\boxed{9}.<|end|>"
            "<|start|>assistant<|channel|>analysis to=python code<|message|>x = 6<|call|>",
            " to=python<|channel|>analysis code<|message|>x * 7<|call|>",
            "<|channel|>final<|message|>It is $\\boxed{42}$.<|return|>",
        ),
        "<|start|>python to=assistant<|channel|>analysis<|message|>9<|end|>",
        "<|channel|>analysis<|message|>Maybe \\boxed{9}.<|end|>"
        "<|start|>assistant<|channel|>analysis to=python code<|message|>x = 6<|call|>"
        "<|start|>python to=assistant<|channel|>analysis<|message|><|end|><|start|>assistant"
        " to=python<|channel|>analysis code<|message|>x * 7<|call|>"
        "<|start|>python to=assistant<|channel|>analysis<|message|>42<|end|><|start|>assistant"
        "<|channel|>final<|message|>It is $\\boxed{42}$.<|return|>",
    ),
    "icl": Dialogue(
        (
            " I set x.\n```python\nx = 6\n```\n",
            "```python\nx * 7\n```\n",
            "It is $\\boxed{42}$.\n\nQuestion:",
        ),
        "```output\n9\n```\n\\boxed{9}",
        " I set x.\n```python\nx = 6\n```\n```output\n```\n```python\nx * 7\n```\n```output\n42\n```\n"
        "It is $\\boxed{42}$.\n\nQuestion:",
    ),
}


async def run(name: str, model: ScriptedModel, executor: KernelExecutor) -> tuple[list[Event], Rollout]:
    rollout = Rollout(TASK, model=model, protocol=protocol(name), executor=executor, limits=Limits())
    return [event async for event in rollout.events()], rollout


def check(events: list[Event], rollout: Rollout, model: ScriptedModel) -> None:
    """The answer, nothing lost, and each prompt the one before it with what came since."""
    assert [event for event in events if isinstance(event, Answer)] == [Answer("42")]
    assert isinstance(events[-1], Finish)
    assert events[-1].reason == "answer"
    raw = "".join(event.raw for event in events if isinstance(event, Prefill | Text | CodeBlock | Execution))
    assert raw == rollout.reply
    first = model.prompts[0]
    assert len(model.prompts) == len(model.requests) >= 3
    for before, after in zip(model.prompts, model.prompts[1:], strict=False):
        assert len(before) < len(after)
        assert after.startswith(before)
        assert (first + rollout.reply).startswith(after)


@pytest.mark.parametrize("name", DIALOGUES)
@pytest.mark.parametrize("can_continue", [True, False])
async def test_two_rounds_and_an_answer(name: str, can_continue: bool, executor: KernelExecutor) -> None:
    """Rendered prompts go on, whatever the server says of continued messages."""
    dialogue = DIALOGUES[name]
    model = ScriptedModel(*dialogue.said, piece=3, can_continue=can_continue)
    events, rollout = await run(name, model, executor)
    check(events, rollout, model)
    assert rollout.reply == dialogue.reply
    assert [event.result.result for event in events if isinstance(event, Execution)] == [None, "42"]


@pytest.mark.parametrize("name", DIALOGUES)
@pytest.mark.parametrize("piece", [5, 1000])
async def test_what_is_invented_after_a_block_is_cut_off(
    name: str, piece: int, executor: KernelExecutor
) -> None:
    dialogue = DIALOGUES[name]
    first, second, last = dialogue.said
    model = ScriptedModel(first + dialogue.invented, second + dialogue.invented, last, piece=piece)
    events, rollout = await run(name, model, executor)
    check(events, rollout, model)
    assert rollout.reply == dialogue.reply


@pytest.mark.parametrize("name", DIALOGUES)
async def test_stop_strings_need_not_be_in_the_text(name: str, executor: KernelExecutor) -> None:
    """The blocks are closed by us then, so that the reply reads the same but for its own end."""
    dialogue = DIALOGUES[name]
    model = ScriptedModel(*dialogue.said, includes_stop=False)
    events, rollout = await run(name, model, executor)
    check(events, rollout, model)
    assert dialogue.reply.startswith(rollout.reply)
    assert len(dialogue.reply) - len(rollout.reply) <= len("<|endofmessage|>")


async def test_a_plugin_call_only_pauses(executor: KernelExecutor) -> None:
    plugin = "<|action_start|><|plugin|>{}<|action_end|>"
    first, second, last = DIALOGUES["internlm2"].said
    model = ScriptedModel(plugin + first, second, last)
    events, rollout = await run("internlm2", model, executor)
    check(events, rollout, model)
    assert rollout.reply.startswith(plugin)


async def test_an_error_goes_back_and_is_mended(executor: KernelExecutor) -> None:
    model = ScriptedModel(
        "<|channel|>analysis to=python<|message|>1 / 0<|call|>",
        lambda reply: (
            "<|channel|>final<|message|>\\boxed{42}"
            if "ZeroDivisionError: division by zero<|end|>" in reply
            else "?"
        ),
    )
    events, _ = await run("harmony", model, executor)
    assert [event for event in events if isinstance(event, Answer)] == [Answer("42")]
