"""InternLM2's interpreter: the exact wire, recorded runs, and what models do instead of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mathagent.detection import detect
from mathagent.prompts import find_prompt, prompts
from mathagent.protocols import Part, protocol
from mathagent.types import Message, TextInput
from tests.protocols.test_token_formats import parse
from tests.replay.fixtures import DATA

WIRE = protocol("internlm2")
RECORDED = DATA / "trajectories" / "internlm-agent-samples.jsonl"


def prompt(messages: list[Message], reply: list[Part] | None = None) -> str:
    request = WIRE.request(messages, reply or [], can_continue=True)
    assert isinstance(request, TextInput)
    return str(request.prompt)


def test_the_prompt_is_the_one_of_the_math_agent() -> None:
    messages = detect("internlm/internlm2-math-plus-7b", None, "tir", prompts().values()).prompt.messages(
        "What is 6 * 7?"
    )
    assert prompt(list(messages)) == (
        "<|im_start|>system name=<|interpreter|>\n"
        "Integrate step-by-step reasoning and Python code to solve math problems using the following guidelines:\n"
        "- Analyze the question and write jupyter code to solve the problem;\n"
        "- Present the final result in LaTeX using a '\\boxed{}' without any units. \n"
        "<|im_end|>\n"
        "<|im_start|>user\nWhat is 6 * 7?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_a_round_is_the_one_of_chat_format() -> None:
    said = "I compute.<|action_start|><|interpreter|>\n```python\n6 * 7\n```<|action_end|>"
    block = parse("internlm2", said, [4])
    assert block is not None
    assert (block.before, block.code, block.closed) == ("I compute.", "6 * 7\n", True)
    assert WIRE.output(block, "42", left=2) == (
        "\n<|im_end|>\n<|im_start|>environment name=<|interpreter|>\n42<|im_end|>\n<|im_start|>assistant\n"
    )


def test_the_chinese_prompt_is_named_like_the_interpreter_too() -> None:
    system, user = find_prompt("internlm2-tir-zh").messages("甲有 3 个苹果，乙有 4 个，一共几个？")
    assert system.name == "<|interpreter|>"
    assert "\\boxed{}" in system.content
    assert prompt([system, user]).endswith(
        "<|im_start|>user\n甲有 3 个苹果，乙有 4 个，一共几个？<|im_end|>\n<|im_start|>assistant\n"
    )


BLOCKS = {
    "no fence": ("So<|action_start|><|interpreter|>\nx = 1<|action_end|>", "x = 1", True),
    "no newline": ("<|action_start|><|interpreter|>x = 1<|action_end|>", "x = 1", True),
    "newline between the tokens": ("<|action_start|>\n<|interpreter|>\nx = 1<|action_end|>", "x = 1", True),
    "no action_start": ("So <|interpreter|>\nx = 1<|action_end|>", "x = 1", True),
    "action_start for something else": (
        "<|action_start|> no <|interpreter|>x = 1<|action_end|>",
        "x = 1",
        True,
    ),
    "turn ended in its place": ("<|action_start|><|interpreter|>\nx = 1<|im_end|>\n", "x = 1", False),
    "an invented output": (
        "<|action_start|><|interpreter|>\nx = 1<|im_start|>environment name=<|interpreter|>\n9<|im_end|>",
        "x = 1",
        False,
    ),
    "two in a row": (
        "<|action_start|><|interpreter|>x = 1<|action_end|><|action_start|><|interpreter|>x = 2<|action_end|>",
        "x = 1",
        True,
    ),
    "two, the first one open": (
        "<|action_start|><|interpreter|>x = 1\n<|action_start|><|interpreter|>x = 2",
        "x = 1\n",
        False,
    ),
    "after a plugin": (
        '<|action_start|><|plugin|>\n{"name": "x"}<|action_end|><|action_start|><|interpreter|>x = 1<|action_end|>',
        "x = 1",
        True,
    ),
    "after an empty one": (
        "<|action_start|><|interpreter|>\n<|action_end|><|action_start|><|interpreter|>x = 1<|action_end|>",
        "x = 1",
        True,
    ),
    "the end token in a string": (
        "<|action_start|><|interpreter|>x = '<|action_end|>'\nprint(x)<|action_end|>",
        "x = '<|action_end|>'\nprint(x)",
        True,
    ),
    "a string that never ends": (
        '<|action_start|><|interpreter|>x = """1<|action_end|><|im_end|>',
        'x = """1',
        True,
    ),
    "an apostrophe in a comment": (
        "<|action_start|><|interpreter|>x = 1  # it's<|action_end|>",
        "x = 1  # it's",
        True,
    ),
    "Chinese": (
        "解：<|action_start|><|interpreter|>\n```python\n和 = 3 + 4  # 一共\nprint(和)\n```<|action_end|>",
        "和 = 3 + 4  # 一共\nprint(和)\n",
        True,
    ),
}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_blocks(name: str, size: int) -> None:
    text, code, closed = BLOCKS[name]
    block = parse("internlm2", text, [size])
    assert block is not None
    assert (block.code, block.closed) == (code, closed)
    assert block.before + block.raw + block.rest == text


PROSE = [
    "The answer is $\\boxed{3}$.<|im_end|>",
    '<|action_start|><|plugin|>\n{"name": "search", "parameters": {}}<|action_end|>',
    "<|action_start|><|interpreter|>\n<|action_end|>",
    "<|action_start|>",
    "```python\nprint(1)\n```\n",
]


@pytest.mark.parametrize("text", PROSE)
def test_prose(text: str) -> None:
    assert parse("internlm2", text, [3]) is None


def test_what_was_not_run_is_no_text() -> None:
    plugin = '<|action_start|><|plugin|>{"x": "\\boxed{1}"}<|action_end|>'
    spans = WIRE.spans(f"So {plugin} it is \\boxed{{2}}.<|im_end|>")
    assert [(span.kind, span.raw) for span in spans] == [
        ("text", "So "),
        ("markup", plugin),
        ("text", " it is \\boxed{2}."),
        ("markup", "<|im_end|>"),
    ]
    assert [span.kind for span in WIRE.spans("<|action_start|><|interpreter|>x = '\\boxed{1}'")] == ["markup"]


def recorded() -> list[dict[str, Any]]:
    if not RECORDED.exists():
        pytest.skip(f"the recorded data is not there: {RECORDED}")
    return [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]


@pytest.mark.data
def test_recorded_steps() -> None:
    """The math agent's own steps, put on the wire: language, tool, environment, language."""
    steps = next(each for each in recorded() if each["format"] == "internlm-math-agent-steps")["steps"]
    language, tool, environment, last = steps
    command = tool["content"]["parameters"]["command"]
    said = f"{language['content']}<|action_start|><|interpreter|>\n{command}<|action_end|>"
    block = parse("internlm2", said, [7])
    assert block is not None
    assert block.before == language["content"]
    assert block.code == command.removeprefix("```python\n").removesuffix("```")
    assert f"\n{environment['content']}<|im_end|>" in WIRE.output(block, environment["content"], left=1)
    assert WIRE.answer([language["content"], last["content"]]) == "0"


@pytest.mark.data
def test_a_recorded_run_with_its_raw_tokens() -> None:
    """InternLM2.5-7b in lagent; the end token had been cut off by the server."""
    memory = next(each for each in recorded() if each["format"] == "lagent-memory")["agent.memory"]
    said = [each for each in memory if each["sender"] == "Agent"]
    blocks = [parse("internlm2", each["content"], [6]) for each in said]
    for message, block in zip(said, blocks, strict=True):
        action = message["formatted"]["action"]
        assert (block is None) is (action is None)
        if block is not None:
            assert block.before == message["formatted"]["thought"]
            assert block.code == action.removeprefix("```python\n").removesuffix("```")
            assert WIRE.output(block, "1", left=1).startswith("<|action_end|>\n<|im_end|>\n")
    assert [block is not None for block in blocks] == [True, True, False]
