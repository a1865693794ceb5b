"""Thinking in the text: shown apart, never run, never searched for the answer; and what the spans make of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.protocols import Block, Part, Span, protocol
from mathagent.protocols.base import Parser
from mathagent.protocols.thinking import ends_inside, thinking_spans
from mathagent.types import ChatInput, Message

CODE = "```python\nprint(1)\n```\n"


def spans(text: str, *, inside: bool = False) -> list[tuple[str, str]]:
    return [(span.kind, span.raw) for span in thinking_spans(text, inside=inside)]


def test_thinking_is_a_span_of_its_own() -> None:
    assert spans("<think>\nhm\n</think>\n\nSo 3.") == [
        ("markup", "<think>"),
        ("thinking", "\nhm\n"),
        ("markup", "</think>"),
        ("text", "\n\nSo 3."),
    ]
    assert spans("hm</think>So") == [("thinking", "hm"), ("markup", "</think>"), ("text", "So")]
    assert spans("<think>hm") == [("markup", "<think>"), ("thinking", "hm")]
    assert spans("hm", inside=True) == [("thinking", "hm")]
    assert spans("the <think> tag") == [("text", "the <think> tag")]
    assert spans("") == []


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "\n", " ", "a", "\\boxed{1}"]), max_size=12).map("".join)
)
def test_nothing_is_lost(text: str) -> None:
    for name in ("markdown", "cot", "openmath", "llm-code", "execute", "tools"):
        assert "".join(span.raw for span in protocol(name).spans(text)) == text
    thinking = "".join(span.raw for span in thinking_spans(text) if span.kind == "thinking")
    if not ends_inside(text) and "</think>" in text:
        assert len(thinking) <= text.rindex("</think>")


def first(parser: Parser, text: str, size: int) -> Block | None:
    for at in range(0, len(text), size):
        if block := parser.feed(text[at : at + size]):
            return block
    return parser.finish(ended=True)


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("name", ["markdown", "llm-code", "execute"])
def test_code_in_thinking_is_not_run(name: str, size: int) -> None:
    wire = protocol(name)
    code = wire.example
    thought = f"<think>\nI could write\n{code}\nor not.\n</think>\n"
    assert first(wire.parser(), thought, size) is None
    assert first(wire.parser(), f"<think>{code}", size) is None
    block = first(wire.parser(), f"{thought}So:\n{code}", size)
    assert block is not None
    assert block.before == f"{thought}So:\n"
    assert block.code.strip() == "print(6 * 7)"


def test_a_fence_left_open_in_thinking_ends_with_it() -> None:
    """Templates that put <think> into the prompt: the parser can't know before the closing tag."""
    text = "Say ```python\nprint(1)\n</think>\n" + CODE
    block = first(protocol("markdown").parser(), text, 1)
    assert block is not None
    assert block.raw == CODE


def test_the_channel_says_what_it_is() -> None:
    parser = protocol("markdown").parser()
    channels = []
    for piece in ("a\n<think>", "b", "</think>", "c\n```python\n", "d"):
        parser.feed(piece)
        channels.append(parser.channel)
    assert channels == ["reasoning", "reasoning", "text", "code", "code"]


def test_a_box_in_thinking_is_no_answer() -> None:
    wire = protocol("markdown")
    prose = "<think>\\boxed{1}</think>It is \\boxed{2}. <think> \\boxed{3}"
    texts = ["".join(span.raw for span in wire.spans(prose) if span.kind == "text")]
    assert wire.answer(texts) == "3"  # not at the beginning of a line: the word, not the tag
    texts = ["".join(span.raw for span in wire.spans("<think>\\boxed{1}") if span.kind == "text")]
    assert wire.answer(texts) is None


def test_thinking_that_came_apart_goes_back_with_its_message() -> None:
    ask = (Message("user", "?"),)
    reply = [Part("model", "So\n", "Hm."), Part("model", CODE), Part("kernel", "```output\n1\n```\n")]
    wire = protocol("markdown")
    request = wire.request(ask, reply, can_continue=True)
    assert isinstance(request, ChatInput)
    assert request.messages[1].reasoning == "Hm."
    request = wire.request(ask, reply, can_continue=False)
    assert isinstance(request, ChatInput)
    assert [(each.role, each.reasoning) for each in request.messages[1:]] == [
        ("assistant", "Hm."),
        ("user", ""),
    ]


@pytest.mark.parametrize(
    "token", ["<|im_end|>", "<|eot_id|>", "</s>", "</think>", "[INST]", "<｜end▁of▁sentence｜>"]
)
@pytest.mark.parametrize("name", ["markdown", "openmath", "llm-code", "execute", "tools"])
def test_an_output_holds_no_special_token(name: str, token: str) -> None:
    wire = protocol(name)
    block = Block("", wire.example, "print(6 * 7)", "", True)
    written = wire.output(block, f"a {token} b", left=1)
    assert token not in written
    assert f"{token[0]} {token[1:]}" in written


def test_spans_are_spans() -> None:
    assert thinking_spans("x") == (Span("text", "x"),)
