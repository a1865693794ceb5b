"""The markdown protocol: what counts as a block, and that no split of the text and no text at all upsets it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.protocols import Block, Part, protocol
from mathagent.protocols.markdown import MarkdownParser
from mathagent.types import ChatInput, Message


def parse(text: str, size: int = 10**9, *, ended: bool = True) -> Block | None:
    parser = MarkdownParser()
    for at in range(0, len(text), size):
        if block := parser.feed(text[at : at + size]):
            rest = text[len(block.before + block.raw + block.rest) :]
            return Block(block.before, block.raw, block.code, block.rest + rest, block.closed)
    return parser.finish(ended=ended)


BLOCKS = {
    "plain": ("```python\nprint(1)\n```\n", "print(1)\n"),
    "prose before": ("So:\n\n```python\nprint(1)\n```\nthen", "print(1)\n"),
    "py": ("```py\nx = 1\n```\n", "x = 1\n"),
    "capital": ("```Python\nx = 1\n```\n", "x = 1\n"),
    "space before the tag": ("``` python\nx = 1\n```\n", "x = 1\n"),
    "no tag": ("```\nprint(1)\n```\n", "print(1)\n"),
    "attributes": ("```python {cell=1}\nx = 1\n```\n", "x = 1\n"),
    "indented in a list": ("1. go\n   ```python\n   if 1:\n       x = 1\n   ```\n", "if 1:\n    x = 1\n"),
    "prose on the line of the fence": ("Run this: ```python\nx = 1\n```\n", "x = 1\n"),
    "code on the line of the fence": ("```python x = 1\nprint(x)\n```\n", "x = 1\nprint(x)\n"),
    "fence on the line of the code": ("```python\nprint(1)```\n", "print(1)"),
    "no newline at the end": ("```python\nprint(1)\n```", "print(1)\n"),
    "never closed": ("```python\nprint(1)", "print(1)"),
    "output instead of the closing fence": ("```python\nprint(1)\n```output\n1\n```\n", "print(1)\n"),
    "fence inside of a string": (
        '```python\nx = """\n```\n"""\nprint(x)\n```\n',
        'x = """\n```\n"""\nprint(x)\n',
    ),
    "string never closed": ('```python\nx = """a\n```\nso it is', 'x = """a\n'),
    "fence in a comment": ("```python\n# ``` here\nx = 1\n```\n", "# ``` here\nx = 1\n"),
    "longer fence": ("````python\nx = 1\n````\n", "x = 1\n"),
    "tildes": ("~~~python\nx = 1\n~~~\n", "x = 1\n"),
    "after another fence": ("```text\na\n```\n```python\nx = 1\n```\n", "x = 1\n"),
    "after another fence that never closes": ("```text\na\n```python\nx = 1\n```\n", "x = 1\n"),
    "after a stray fence": ("```\nNow then:\n```python\nx = 1\n```\n", "x = 1\n"),
    "two in a row": ("```python\nx = 1\n```\n```python\nx = 2\n```\n", "x = 1\n"),
    "carriage returns": ("```python\r\nx = 1\r\n```\r\n", "x = 1\r\n"),
}

PROSE = {
    "no fence": "The answer is \\boxed{3}.",
    "inline": "Use `print` and ``` in text.",
    "another language": "```latex\n\\frac12\n```\n",
    "no tag, no code": "```\nsome words here\n```\n",
    "no tag, a number": "```\n42\n```\n",
    "empty block": "```python\n```\n",
    "a fence and nothing": "```python\n",
    "only an output": "```output\n3\n```\n",
}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10**9])
@pytest.mark.parametrize("name", BLOCKS)
def test_blocks(name: str, size: int) -> None:
    text, code = BLOCKS[name]
    block = parse(text, size)
    assert block is not None
    assert block.code == code
    assert block.before + block.raw + block.rest == text


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10**9])
@pytest.mark.parametrize("name", PROSE)
def test_prose(name: str, size: int) -> None:
    assert parse(PROSE[name], size) is None


def test_an_unclosed_block_that_a_limit_cut_off_is_no_block() -> None:
    assert parse("```python\nprint(1)\nprint(", ended=False) is None


_PIECES = st.sampled_from(
    [
        "```",
        "python",
        "\n",
        "py",
        "output",
        "x = 1",
        '"""',
        "'''",
        " ",
        "   ",
        "`",
        "# ",
        "print(1)",
        "~~~",
        "text",
        "\r\n",
        "é",
        "\\boxed{1}",
    ]
)
_TEXTS = st.one_of(st.lists(_PIECES, max_size=30).map("".join), st.text(max_size=200))


@given(text=_TEXTS, cuts=st.lists(st.integers(1, 12), min_size=1, max_size=40), ended=st.booleans())
def test_any_split_gives_the_same_block_and_loses_nothing(text: str, cuts: list[int], ended: bool) -> None:
    once = parse(text, ended=ended)
    parser, block, at = MarkdownParser(), None, 0
    sizes = iter(cuts * (len(text) + 1))
    while at < len(text) and block is None:
        size = next(sizes)
        block = parser.feed(text[at : at + size])
        at += size
    if block is None:
        block = parser.finish(ended=ended)
    assert (block is None) == (once is None)
    if block is not None and once is not None:
        assert (block.before, block.raw, block.code, block.closed) == (
            once.before,
            once.raw,
            once.code,
            once.closed,
        )
        assert text.startswith(block.before + block.raw + block.rest)


@given(text=st.text(max_size=200))
def test_an_output_can_not_open_a_block_or_close_itself_early(text: str) -> None:
    wire = protocol("markdown")
    block = Block("", "```python\n1\n```\n", "1\n", "", True)
    written = wire.output(block, text, left=5)
    fence = written.split("output", 1)[0]
    assert set(fence) == {"`"}
    inside = written.removeprefix(f"{fence}output\n").removesuffix(f"{fence}\n")
    assert not any(line.strip() == fence for line in inside.split("\n"))


@pytest.mark.parametrize(
    ("raw", "closed", "expected"),
    [
        ("```python\n1\n```\n", True, "```output\n1\n```\n"),
        ("```python\n1\n```", True, "\n```output\n1\n```\n"),
        ("```python\n1", False, "\n```\n```output\n1\n```\n"),
        ("```python\n1\n", False, "```\n```output\n1\n```\n"),
    ],
)
def test_output_closes_what_is_open(raw: str, closed: bool, expected: str) -> None:
    assert protocol("markdown").output(Block("", raw, "1", "", closed), "1", left=5) == expected


def test_requests_continue_one_message() -> None:
    messages = (Message("user", "?"),)
    wire = protocol("markdown")
    assert wire.request(messages, [], can_continue=True) == ChatInput(messages)
    reply = [Part("prompt", "```python\n"), Part("model", "1\n```\n"), Part("kernel", "```output\n1\n```\n")]
    request = wire.request(messages, reply, can_continue=True)
    assert request == ChatInput((*messages, Message("assistant", "".join(part.raw for part in reply))), True)
    longer = wire.request(messages, [*reply, Part("model", "So")], can_continue=True)
    assert isinstance(longer, ChatInput)
    assert isinstance(request, ChatInput)
    assert longer.messages[-1].content.startswith(request.messages[-1].content)
