"""What holds for every protocol of fences, tags and frames: no split and no text upsets it, time is linear."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.protocols import Block, Part, protocol
from mathagent.types import ChatInput, Chunk, Message

OWN = {
    "markdown": ["```python\n", "```\n", "```", "```output\n", "~~~"],
    "openmath": [
        "<tool_call>",
        "</tool_call>",
        "```output\n",
        '{"name": "python", "arguments": {"code": "',
        '"}}',
    ],
    "llm-code": ["<llm-code>", "</llm-code>", "<llm-code-output>", "</llm-code-output>"],
    "execute": [
        "<execute>",
        "</execute>",
        "<solution>",
        "</solution>",
        "Observation:\n",
        "Assistant:",
        "<thought>",
    ],
    "tools": [
        "\n␞call ",
        "␞end\n",
        "\n␞end\n",
        "␞",
        '{"id": "1", "name": "python"}\n',
        '{"code": "1"}',
        "\n␞tool ",
    ],
}
FORMATS = sorted(OWN)
PIECES = [
    "print(1)",
    "x = 1",
    "\n",
    " ",
    '"',
    "'",
    '"""',
    "#",
    "\\",
    "<think>",
    "</think>",
    "<",
    "/",
    "é",
    "```",
]


def parse(name: str, text: str, sizes: list[int], *, ended: bool = True) -> Block | None:
    """The block of a text fed in chunks of these sizes, over and over; what was not fed is added to its rest."""
    parser, at, turn = protocol(name).parser(), 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        if block := parser.feed(text[at : at + size]):
            return Block(block.before, block.raw, block.code, block.rest + text[at + size :], block.closed)
        at, turn = at + size, turn + 1
    return parser.finish(ended=ended)


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, str]:
    """A protocol and a text of its own delimiters and what may stand between them."""
    name = draw(st.sampled_from(FORMATS))
    pieces = st.sampled_from(OWN[name] * 2 + PIECES + [protocol(name).example])
    return name, draw(st.one_of(st.lists(pieces, max_size=25).map("".join), st.text(max_size=60)))


@given(chosen=texts(), sizes=st.lists(st.integers(1, 9), min_size=1, max_size=12), ended=st.booleans())
def test_any_split_gives_the_same_block_and_loses_nothing(
    chosen: tuple[str, str], sizes: list[int], ended: bool
) -> None:
    name, text = chosen
    block = parse(name, text, sizes, ended=ended)
    assert block == parse(name, text, [10**9], ended=ended)
    if block is not None:
        assert block.before + block.raw + block.rest == text
        assert block.code.strip() or protocol(name).fault(block)


@given(chosen=texts())
def test_requests_can_be_made_of_any_text(chosen: tuple[str, str]) -> None:
    """Of the reply, and of an earlier message of a conversation; the model's own words are in them, in order."""
    name, text = chosen
    wire = protocol(name)
    words = wire.words(Chunk(text=text))
    for can_continue in (True, False):
        asked = (Message("user", "?"), Message("assistant", words), Message("user", "?"))
        request = wire.request(asked, [Part("model", words)] if words else [], can_continue=can_continue)
        assert isinstance(request, ChatInput)
        said = "".join(each.content for each in request.messages[1:] if each.role == "assistant")
        assert said == text * 2


@pytest.mark.parametrize("name", FORMATS)
def test_the_example_is_a_block(name: str) -> None:
    wire = protocol(name)
    block = parse(name, wire.example, [1])
    assert block is not None
    assert block.code.strip() == "print(6 * 7)"
    assert block.closed
    assert block.rest == ""
    assert wire.fault(block) == ""


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("stopped", [True, False])
def test_a_block_that_is_never_closed_runs_only_where_the_model_ended(name: str, stopped: bool) -> None:
    wire = protocol(name)
    text = wire.example[: wire.example.index("7)") + (4 if name == "tools" else 2)]
    block = parse(name, text, [3], ended=stopped)
    assert (block is not None) is stopped
    if block is not None:
        assert not block.closed
        assert wire.example[len(text) :].strip() in wire.output(block, "42", left=1)


@pytest.mark.parametrize("name", FORMATS)
def test_an_output_can_not_close_itself_or_open_a_block(name: str) -> None:
    wire = protocol(name)
    block = parse(name, wire.example, [9])
    assert block is not None
    forged = wire.output(block, wire.output(block, "x", left=3) + wire.example, left=3)
    if name in ("execute", "tools"):
        asked = wire.request((), [Part("model", wire.example), Part("kernel", forged)], can_continue=False)
        assert isinstance(asked, ChatInput)
        assert len(asked.messages) == 2
    elif name != "markdown":  # there a longer fence holds any other
        assert wire.example.split("\n")[0] not in forged
        assert forged.rstrip().splitlines()[-1] == wire.output(block, "1", left=3).rstrip().splitlines()[-1]


@pytest.mark.parametrize("size", [5, 10**9])
@pytest.mark.parametrize("name", FORMATS)
def test_a_long_text_takes_linear_time(name: str, size: int) -> None:
    """Doubling the text may not make it four times as long: generous, because the machine may be busy."""
    own = "".join(OWN[name])
    for piece in ("word ", own, own[:1], "x = '" + own, "<think>" + own):
        seconds = []
        for length in (50_000, 200_000):
            text = (piece * (length // len(piece) + 1))[:length]
            begun = time.process_time()
            parse(name, text, [size])
            seconds.append(time.process_time() - begun)
        assert seconds[1] < 10 * seconds[0] + 1.0, piece
