"""In-context learning: the completion prompt, where the answer ends, and that the examples are true."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mathagent.answers import final_answer
from mathagent.detection import detect
from mathagent.prompts import find_prompt, prompts
from mathagent.protocols import protocol
from mathagent.types import Message, TextInput

WIRE = protocol("icl")


def prompt(name: str, messages: list[Message]) -> str:
    request = protocol(name).request(messages, [], can_continue=False)
    assert isinstance(request, TextInput)
    assert not request.special_tokens
    return str(request.prompt)


def test_sections_become_questions_and_answers() -> None:
    messages = [
        Message("system", "Solve."),
        Message("user", "1 + 1?"),
        Message("assistant", "It is $\\boxed{2}$.\n"),
        Message("user", "2 + 2?"),
    ]
    expected = "Solve.\n\nQuestion: 1 + 1?\nAnswer: It is $\\boxed{2}$.\n\nQuestion: 2 + 2?\nAnswer:"
    assert prompt("icl", messages) == prompt("icl-cot", messages) == expected


def test_a_reply_and_the_question_after_it_come_back_as_they_were() -> None:
    """What the model said begins with its own space, and its invented question is left out."""
    messages = [Message("user", "1?"), Message("assistant", " One.\n\nQuestion: 3?"), Message("user", "2?")]
    assert prompt("icl", messages) == "Question: 1?\nAnswer: One.\n\nQuestion: 2?\nAnswer:"


@pytest.mark.parametrize("name", ["icl", "icl-cot"])
def test_a_question_of_the_models_own_ends_the_answer(name: str) -> None:
    wire = protocol(name)
    assert wire.ends == ("\nQuestion:",)
    assert wire.continues == "always"
    spans = wire.spans(" It is \\boxed{2}.\n\nQuestion: 3? \\boxed{9}")
    assert [(span.kind, span.raw) for span in spans] == [
        ("text", " It is \\boxed{2}.\n"),
        ("markup", "\nQuestion: 3? \\boxed{9}"),
    ]


def test_without_code_nothing_is_run() -> None:
    parser = protocol("icl-cot").parser()
    assert parser.feed("```python\nprint(1)\n```\n") is None
    assert parser.finish(ended=True) is None


@pytest.mark.parametrize("name", ["icl-tir", "icl-cot", "icl-tir-zh", "icl-cot-zh"])
def test_four_examples_on_the_same_problems(name: str) -> None:
    messages = find_prompt(name).messages("?")
    answers = [final_answer([each.content]) for each in messages if each.role == "assistant"]
    assert answers == ["8", "6", "B" if name.endswith("zh") else "\\frac{5}{12}", "13"]


@pytest.mark.parametrize("name", ["icl-tir", "icl-tir-zh"])
def test_the_outputs_in_the_examples_are_what_the_code_prints(name: str) -> None:
    for example in (each.content for each in find_prompt(name).messages("?") if each.role == "assistant"):
        block = WIRE.parser().feed(example)
        assert block is not None
        done = subprocess.run([sys.executable, "-c", block.code], capture_output=True, text=True, timeout=100)
        assert block.rest.startswith(f"```output\n{done.stdout}```\n")


@pytest.mark.parametrize(
    ("model", "mode", "name"),
    [
        ("internlm/internlm2-math-base-7b", "tir", "icl-tir"),
        ("internlm/internlm2-math-base-20b", "cot", "icl-cot"),
        ("internlm/internlm2-math-7b", "tir", "internlm2-tir"),
        ("Qwen/Qwen3-8B-Base", "tir", "icl-tir"),
        ("deepseek-ai/deepseek-math-7b-base", "cot", "icl-cot"),
    ],
)
def test_base_models_by_name(model: str, mode: str, name: str) -> None:
    assert detect(model, None, mode, prompts().values()).prompt.name == name


@pytest.mark.parametrize(("mode", "name"), [("tir", "icl-tir"), ("cot", "icl-cot")])
def test_models_without_a_chat_template(mode: str, name: str) -> None:
    assert detect("mine", "", mode, prompts().values()).prompt.name == name


def test_a_chat_template_with_the_tokens_gets_the_prompt_of_the_models_not_its_translation() -> None:
    template = "<|im_start|>environment name=<|interpreter|>"
    assert detect("mine", template, "tir", prompts().values()).prompt.name == "internlm2-tir"
