"""Harmony: what OpenAI's own renderer writes, the headers that models write, and where the answer is.

RENDERED was made by openai-harmony 0.0.8 (`render_conversation_for_completion`, decoded); the headers of PYTHON were
read back by its parser as messages to python.
"""

from __future__ import annotations

import pytest

from mathagent.detection import detect
from mathagent.prompts import prompts
from mathagent.protocols import Part, protocol
from mathagent.types import Message, TextInput
from tests.protocols.test_token_formats import parse

WIRE = protocol("harmony")
SYSTEM = """You are ChatGPT, a large language model trained by OpenAI.
Knowledge cutoff: 2024-06

Reasoning: high

# Tools

## python

Use this tool to execute Python code in your chain of thought. The code will not be shown to the user.\
 This tool should be used for internal reasoning, but not for code that is intended to be visible to the user\
 (e.g. when creating plots, tables, or files)."""
MESSAGES = [
    Message("system", "You are ChatGPT."),
    Message("system", "# Instructions\n\nPut the final answer in \\boxed{}.", name="developer"),
    Message("user", "What is 1+1?"),
]
RENDERED = (
    "<|start|>system<|message|>You are ChatGPT.<|end|>"
    "<|start|>developer<|message|># Instructions\n\nPut the final answer in \\boxed{}.<|end|>"
    "<|start|>user<|message|>What is 1+1?<|end|>"
    "<|start|>assistant<|channel|>analysis<|message|>Think.<|end|>"
    "<|start|>assistant to=python<|channel|>analysis code<|message|>print(1+1)<|call|>"
    "<|start|>python to=assistant<|channel|>analysis<|message|>2\n<|end|>"
    "<|start|>assistant"
)
NEXT = (
    "<|start|>system<|message|>You are ChatGPT.<|end|>"
    "<|start|>developer<|message|># Instructions\n\nPut the final answer in \\boxed{}.<|end|>"
    "<|start|>user<|message|>What is 1+1?<|end|>"
    "<|start|>assistant<|channel|>final<|message|>It is \\boxed{2}.<|end|>"
    "<|start|>user<|message|>And 2+2?<|end|><|start|>assistant"
)
SAID = (
    "<|channel|>analysis<|message|>Think.<|end|>"
    "<|start|>assistant to=python<|channel|>analysis code<|message|>print(1+1)<|call|>"
)
FINAL = (
    "<|channel|>analysis<|message|>More.<|end|><|start|>assistant<|channel|>final<|message|>It is \\boxed{2}."
)


def prompt(messages: list[Message], reply: list[Part] | None = None) -> str:
    request = WIRE.request(messages, reply or [], can_continue=True)
    assert isinstance(request, TextInput)
    return str(request.prompt)


def test_a_round_is_what_the_renderer_writes() -> None:
    block = parse("harmony", SAID, [5])
    assert block is not None
    assert block.before == "<|channel|>analysis<|message|>Think.<|end|>"
    assert block.code == "print(1+1)"
    reply = [Part("model", SAID), Part("kernel", WIRE.output(block, "2\n", left=1))]
    assert prompt(MESSAGES, reply) == RENDERED


@pytest.mark.parametrize("end", ["", "<|return|>", "<|end|>"])
def test_the_next_question_follows_the_final_message_alone(end: str) -> None:
    block = parse("harmony", SAID, [5])
    assert block is not None
    reply = SAID + WIRE.output(block, "2", left=1) + FINAL + end
    assert prompt([*MESSAGES, Message("assistant", reply), Message("user", "And 2+2?")]) == NEXT


def test_a_reply_that_never_came_to_its_final_message_is_kept() -> None:
    asked = prompt([Message("user", "1?"), Message("assistant", SAID), Message("user", "2?")])
    assert asked == (
        f"<|start|>user<|message|>1?<|end|><|start|>assistant{SAID.removesuffix('<|call|>')}<|end|>"
        "<|start|>user<|message|>2?<|end|><|start|>assistant"
    )


def test_the_prompt_begins_as_the_format_wants_it() -> None:
    messages = detect("openai/gpt-oss-20b", None, "tir", prompts().values()).prompt.messages("What is 1+1?")
    asked = prompt(list(messages))
    assert asked.startswith(
        f"<|start|>system<|message|>{SYSTEM}\n\nWhen you send a message containing Python code"
    )
    assert (
        "# Valid channels: analysis, commentary, final. Channel must be included for every message.<|end|>"
        in asked
    )
    assert "<|end|><|start|>developer<|message|># Instructions\n\n" in asked
    assert asked.endswith("<|end|><|start|>user<|message|>What is 1+1?<|end|><|start|>assistant")


PYTHON = {
    "recipient in the channel": "<|channel|>analysis to=python code<|message|>x=1<|call|>",
    "recipient in the role": " to=python<|channel|>analysis<|message|>x=1<|call|>",
    "recipient in the role, a type": " to=python<|channel|>analysis code<|message|>x=1<|call|>",
    "constrained": "<|channel|>commentary to=python <|constrain|>code<|message|>x=1<|call|>",
    "after thinking": "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>analysis to=python"
    " code<|message|>x=1<|call|>",
}
DRIFT = {
    "ended as a message": "<|channel|>analysis to=python<|message|>x=1<|end|>",
    "ended as a reply": "<|channel|>analysis to=python<|message|>x=1<|return|>",
    "never ended": "<|channel|>analysis to=python<|message|>x=1",
    "the next message in place of the end": "<|channel|>analysis to=python<|message|>x=1<|start|>assistant",
    "an invented output": "<|channel|>analysis to=python<|message|>x=1<|call|><|start|>python to=assistant<|message|>9",
    "as a function": "<|channel|>commentary to=functions.python <|constrain|>json<|message|>"
    '{"code": "x=1"}<|call|>',
    "type in front": "<|channel|>analysis code to=python<|message|>x=1<|call|>",
    "thinking without an end": "<|channel|>analysis<|message|>hm<|start|>assistant to=python<|message|>x=1<|call|>",
    "a channel without a start": "<|channel|>analysis<|message|>hm<|channel|>analysis to=python<|message|>x=1<|call|>",
    "after an empty one": "<|channel|>analysis to=python<|message|><|call|><|start|>assistant to=python<|message|>x=1",
}


@pytest.mark.parametrize("text", [*PYTHON.values(), *DRIFT.values()], ids=[*PYTHON, *DRIFT])
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_messages_to_python(text: str, size: int) -> None:
    block = parse("harmony", text, [size])
    assert block is not None
    assert block.code == "x=1"
    assert block.before + block.raw + block.rest == text


def test_the_output_is_on_the_channel_of_the_call() -> None:
    block = parse("harmony", PYTHON["constrained"], [9])
    assert block is not None
    assert WIRE.output(block, "1", left=1) == (
        "<|start|>python to=assistant<|channel|>commentary<|message|>1<|end|><|start|>assistant"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<|channel|>final<|message|>Use to=python here: \\boxed{1}<|return|>",
        "<|channel|>analysis<|message|>I could send it to=python now.<|end|>",
        "<|channel|>commentary to=browser.search <|constrain|>json<|message|>{}<|call|>",
        "<|channel|>analysis to=python",
        "no tokens at all",
    ],
)
def test_prose(text: str) -> None:
    assert parse("harmony", text, [3]) is None


def test_only_the_final_channel_is_searched_for_the_answer() -> None:
    prose = (
        "<|channel|>analysis<|message|>Maybe \\boxed{1}.<|end|>"
        "<|start|>assistant<|channel|>commentary<|message|>Plan: \\boxed{2}<|end|>"
        "<|start|>assistant<|channel|>commentary to=browser.open<|message|>\\boxed{3}<|call|>"
        "<|start|>user<|message|>\\boxed{4}<|end|>"
        "<|start|>assistant<|channel|>final<|message|>It is \\boxed{5}.<|return|>"
    )
    spans = WIRE.spans(prose)
    assert [span.raw for span in spans if span.kind == "thinking"] == [
        "Maybe \\boxed{1}.",
        "Plan: \\boxed{2}",
    ]
    assert [span.raw for span in spans if span.kind == "text"] == ["It is \\boxed{5}."]
    assert [span.kind for span in WIRE.spans("<|channel|>analysis<|message|>so \\boxed{1}")] == [
        "markup",
        "thinking",
    ]


def test_a_server_that_leaves_special_tokens_out_loses_no_answer() -> None:
    assert [span.kind for span in WIRE.spans("analysisHm.assistantfinal\\boxed{5}")] == ["text"]


def test_the_channel_for_eyes() -> None:
    parser = WIRE.parser()
    seen = []
    for piece in (
        "<|channel|>analysis<|message|>",
        "hm",
        "<|end|><|start|>assistant to=python<|message|>",
        "x",
    ):
        parser.feed(piece)
        seen.append(parser.channel)
    assert seen == ["reasoning", "reasoning", "code", "code"]
    parser = WIRE.parser()
    parser.feed("<|channel|>final<|message|>")
    assert parser.channel == "text"
