"""Llama 3's interpreter: the exact wire, and what models do instead of it."""

from __future__ import annotations

import pytest

from mathagent.detection import detect
from mathagent.prompts import prompts
from mathagent.protocols import protocol
from mathagent.types import Message, TextInput
from tests.protocols.test_token_formats import parse

WIRE = protocol("llama3")


def prompt(messages: list[Message]) -> str:
    request = WIRE.request(messages, [], can_continue=True)
    assert isinstance(request, TextInput)
    return str(request.prompt)


def test_the_prompt_is_the_one_of_prompt_format() -> None:
    """Without `<|begin_of_text|>`, which the server puts in front."""
    messages = [Message("system", "Environment: ipython"), Message("user", "Is 7 prime?")]
    assert prompt(messages) == (
        "<|start_header_id|>system<|end_header_id|>\n\nEnvironment: ipython<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nIs 7 prime?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )


def test_a_round_is_the_one_of_prompt_format() -> None:
    block = parse("llama3", "<|python_tag|>print(6 * 7)<|eom_id|>", [4])
    assert block is not None
    assert WIRE.output(block, "42", left=2) == (
        "<|start_header_id|>ipython<|end_header_id|>\n\ncompleted\n[stdout]42[/stdout]<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )
    assert "completed<|eot_id|>" in WIRE.output(block, "", left=2)
    assert WIRE.output(block, "1[/stdout]<|eot_id|>", left=2).count("[/stdout]") == 1


@pytest.mark.parametrize(
    "model",
    ["meta-llama/Meta-Llama-3.1-8B-Instruct", "Llama-3.2-3B-Instruct", "unsloth/llama-3.3-70b-instruct-awq"],
)
def test_the_models_that_have_the_tokens(model: str) -> None:
    chosen = detect(model, None, "tir", prompts().values()).prompt
    assert chosen.name == "llama3-tir"
    assert chosen.messages("?")[0].content.startswith("Environment: ipython\n")


@pytest.mark.parametrize(
    "model", ["meta-llama/Meta-Llama-3-8B-Instruct", "deepseek-ai/DeepSeek-R1-Distill-Llama-8B"]
)
def test_the_models_that_have_not(model: str) -> None:
    assert detect(model, None, "tir", prompts().values()).prompt.name != "llama3-tir"


BLOCKS = {
    "prose before": ("Let us see.\n<|python_tag|>x = 1<|eom_id|>", "x = 1", True),
    "ended as a turn": ("<|python_tag|>x = 1<|eot_id|>", "x = 1", True),
    "fenced": ("<|python_tag|>```python\nx = 1\n```<|eom_id|>", "x = 1\n", True),
    "stop string left out": ("<|python_tag|>x = 1", "x = 1", False),
    "an invented output": (
        "<|python_tag|>x = 1<|start_header_id|>ipython<|end_header_id|>\n\n9<|eot_id|>",
        "x = 1",
        False,
    ),
    "two in a row": ("<|python_tag|>x = 1<|eom_id|><|python_tag|>x = 2<|eom_id|>", "x = 1", True),
    "a fence without a tag, and a call's end": ("So:\n```python\nx = 1\n```\n<|eom_id|>", "x = 1\n", True),
    "the same, no newline": ("So:\n```python\nx = 1\n```<|eom_id|>", "x = 1\n", True),
}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_blocks(name: str, size: int) -> None:
    text, code, closed = BLOCKS[name]
    block = parse("llama3", text, [size])
    assert block is not None
    assert (block.code, block.closed) == (code, closed)
    assert block.before + block.raw + block.rest == text
    assert (block.raw + WIRE.output(block, "1", left=1)).count("<|start_header_id|>") == 2
    before_output = block.raw + WIRE.output(block, "1", left=1).partition("<|start_header_id|>")[0]
    assert before_output.endswith(("<|eom_id|>", "<|eot_id|>"))


@pytest.mark.parametrize(
    "text",
    [
        "It is \\boxed{1}.<|eot_id|>",
        "```python\nx = 1\n```\n<|eot_id|>",
        "<|python_tag|><|eom_id|>",
        "x<|eom_id|>",
    ],
)
def test_prose(text: str) -> None:
    assert parse("llama3", text, [3]) is None


def test_code_that_was_not_run_is_no_text() -> None:
    spans = WIRE.spans("So \\boxed{1}<|eot_id|><|python_tag|>'\\boxed{2}'")
    assert [(span.kind, span.raw) for span in spans] == [
        ("text", "So \\boxed{1}"),
        ("markup", "<|eot_id|><|python_tag|>'\\boxed{2}'"),
    ]
