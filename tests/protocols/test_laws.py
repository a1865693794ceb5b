"""What holds for every protocol, built in, installed, or the example of the protocols' own page."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mathagent.protocols
from mathagent.protocols import Block, Part, WireProtocol, protocols
from mathagent.types import Message, ModelInput, TextInput

PAGE = Path(mathagent.protocols.__file__).with_name("README.md")
CODE = "print(6 * 7)"
PROBLEM = (Message("user", "What is 6 * 7?"),)


def from_the_page() -> WireProtocol:
    """The protocol that the page defines, made from its text."""
    (source,) = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    names: dict[str, Any] = {}
    exec(compile(source, str(PAGE), "exec"), names)
    wire: WireProtocol = names["Py"]()
    return wire


RUNNING = [wire for wire in (*protocols().values(), from_the_page()) if wire.example]
every = pytest.mark.parametrize("wire", RUNNING, ids=lambda wire: wire.name)


def read(wire: WireProtocol, *chunks: str, ended: bool = True) -> Block | None:
    """The block in these chunks."""
    parser = wire.parser()
    for number, chunk in enumerate(chunks):
        if block := parser.feed(chunk):
            rest = "".join(chunks[number + 1 :])
            return Block(block.before, block.raw, block.code, block.rest + rest, block.closed)
    return parser.finish(ended=ended)


@every
def test_its_example_is_a_block(wire: WireProtocol) -> None:
    block = read(wire, wire.example)
    assert block is not None
    assert block.code.strip() == CODE
    assert block.before == block.rest == ""


@every
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_split_gives_the_same_block_and_loses_nothing(wire: WireProtocol, data: st.DataObject) -> None:
    text = f"I multiply.\n{wire.example}\nAnd then?\n{wire.example}"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    chunks = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    block, whole = read(wire, *chunks), read(wire, text)
    assert block == whole
    assert block is not None
    assert block.before + block.raw + block.rest == text
    assert block.code.strip() == CODE


@every
def test_a_block_that_a_limit_cut_off_is_not_run(wire: WireProtocol) -> None:
    half = wire.example[: wire.example.index(CODE) + len(CODE) - 2]
    assert read(wire, half, ended=False) is None


@every
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_text_raises(wire: WireProtocol, data: st.DataObject) -> None:
    pieces = [
        *re.findall(r"\w+|\W", wire.example),
        *wire.stop,
        *wire.ends,
        wire.example,
        "\n",
        "'''",
        "{",
        "😀",
    ]
    text = "".join(data.draw(st.lists(st.sampled_from(pieces), max_size=30)))
    block = read(wire, text)
    assert block is None or block.before + block.raw + block.rest == text
    assert "".join(span.raw for span in wire.spans(text)) == text
    wire.answer([text])


def reply_of(wire: WireProtocol, rounds: int) -> list[Part]:
    """A reply of so many executions."""
    parts = []
    for number in range(rounds):
        block = read(wire, f"Step {number}.\n{wire.example}")
        assert block is not None
        parts += [
            Part("model", block.before + block.raw),
            Part("kernel", wire.output(block, "42", left=5 - number)),
        ]
    return parts


def comparable(request: ModelInput) -> str:
    """A request as one text, of which the next one must be a continuation."""
    if isinstance(request, TextInput):
        assert isinstance(request.prompt, str)
        return request.prompt
    texts = [
        f"<{message.role}>{message.content}{''.join(call.arguments for call in message.calls)}"
        for message in request.messages
    ]
    return "".join(texts)


@every
@pytest.mark.parametrize("can_continue", [True, False])
def test_every_request_extends_the_last_one(wire: WireProtocol, can_continue: bool) -> None:
    requests = [
        comparable(wire.request(PROBLEM, reply_of(wire, rounds), can_continue=can_continue))
        for rounds in range(4)
    ]
    for earlier, later in pairwise(requests):
        assert later.startswith(earlier.removesuffix("<assistant>"))
        assert later.count("42") == earlier.count("42") + 1


def test_the_page_names_every_protocol() -> None:
    page = PAGE.read_text(encoding="utf-8")
    built_in = [wire.name for wire in protocols().values() if type(wire).__module__.startswith("mathagent.")]
    assert [name for name in built_in if f"`{name}`" not in page] == []
