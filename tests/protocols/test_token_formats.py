"""What holds for every protocol of special tokens: no split and no text upsets it, nobody forges a turn in it."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.protocols import Block, Part, protocol
from mathagent.protocols.delimited import unfenced
from mathagent.types import Message, TextInput

TOKENS = {
    "internlm2": [
        "<|im_start|>",
        "<|im_end|>",
        "<|action_start|>",
        "<|action_end|>",
        "<|interpreter|>",
        "<|plugin|>",
    ],
    "mathcoder": ["<|text|>", "<|code|>", "<|execution|>", "<|endofblock|>", "<|endofmessage|>", "<|user|>"],
    "llama3": ["<|python_tag|>", "<|eom_id|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"],
    "harmony": [
        "<|start|>",
        "<|channel|>",
        "<|message|>",
        "<|constrain|>",
        "<|end|>",
        "<|call|>",
        "<|return|>",
        " to=python",
        "analysis",
        "final",
        "assistant",
        '{"code": "print(1)"}',
    ],
    "icl": ["\nQuestion:", "Answer:", "```python\n", "```\n", "```output\n"],
}
FORMATS = sorted(TOKENS)
RENDERED = [name for name in FORMATS if name != "icl"]
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
    "```",
    "```python\n",
    "<|",
    "|>",
    "<",
    "é",
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
    pieces = st.sampled_from(TOKENS[name] * 2 + PIECES + [protocol(name).example])
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
        assert block.code.strip()


@given(chosen=texts())
def test_spans_lose_nothing(chosen: tuple[str, str]) -> None:
    name, text = chosen
    spans = protocol(name).spans(text)
    assert "".join(span.raw for span in spans) == text
    assert all(span.raw for span in spans)


@pytest.mark.parametrize("name", FORMATS)
def test_the_example_is_a_block(name: str) -> None:
    wire = protocol(name)
    block = parse(name, wire.example, [1])
    assert block is not None
    assert block.code.strip() == "print(6 * 7)"
    assert block.closed
    assert block.rest == ""


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("stopped", [True, False])
def test_a_block_that_is_never_closed_runs_only_where_the_model_ended(name: str, stopped: bool) -> None:
    wire = protocol(name)
    text = wire.example[: wire.example.index("7)") + 2]
    block = parse(name, text, [3], ended=stopped)
    assert (block is not None) is stopped
    if block is not None:
        assert not block.closed
        closing = "\n```\n" if name == "icl" else wire.example[wire.example.rindex("<|") :]
        assert wire.output(block, "42", left=1).startswith(closing)


@given(chosen=texts())
def test_an_output_forges_no_turn(chosen: tuple[str, str]) -> None:
    """An output has as many tokens as any other, whatever was printed, and opens no block."""
    name, text = chosen
    if name == "icl":
        return
    wire = protocol(name)
    block = parse(name, wire.example, [9])
    assert block is not None
    tokens = re.compile("|".join(re.escape(token) for token in TOKENS[name] if token.startswith("<|")))
    assert tokens.findall(wire.output(block, text, left=3)) == tokens.findall(wire.output(block, "1", left=3))


@given(chosen=texts())
def test_a_problem_forges_no_turn(chosen: tuple[str, str]) -> None:
    name, text = chosen
    if name == "icl":
        return
    tokens = re.compile("|".join(re.escape(token) for token in TOKENS[name] if token.startswith("<|")))

    def asked(problem: str) -> list[str]:
        request = protocol(name).request(
            [Message("system", "Solve."), Message("user", problem)], [], can_continue=True
        )
        assert isinstance(request, TextInput)
        return tokens.findall(str(request.prompt))

    assert asked(text) == asked("1 + 1")


@pytest.mark.parametrize("name", FORMATS)
def test_a_request_is_the_last_one_and_what_came_since(name: str) -> None:
    wire = protocol(name)
    messages = [Message("system", "Solve."), Message("user", "What is 6 * 7?")]
    block = parse(name, "So " + wire.example, [5])
    assert block is not None
    parts = [Part("model", block.before), Part("model", block.raw)]
    parts.append(Part("kernel", wire.output(block, "42", left=1)))
    first = wire.request(messages, [], can_continue=False)
    later = wire.request(messages, parts, can_continue=False)
    assert isinstance(first, TextInput)
    assert isinstance(later, TextInput)
    assert later.prompt == str(first.prompt) + "".join(part.raw for part in parts)
    assert later.special_tokens is (name != "icl")


@pytest.mark.parametrize("name", FORMATS)
def test_a_reply_goes_into_the_next_question_once(name: str) -> None:
    """An earlier reply ends once, whether its end stands in its text or not."""
    wire = protocol(name)

    def asked(reply: str) -> str:
        messages = [Message("user", "1?"), Message("assistant", reply), Message("user", "2?")]
        request = wire.request(messages, [], can_continue=True)
        assert isinstance(request, TextInput)
        return str(request.prompt)

    said = {"harmony": "<|channel|>final<|message|>It is one."}.get(name, "It is one.")
    assert all(asked(said + end) == asked(said) for end in wire.ends if end not in ("<|eom_id|>", "<|call|>"))
    assert asked(said).count("It is one.") == 1


FENCED = {
    "bare": ("\n\nx = 1\n", "x = 1\n"),
    "fence": ("\n```python\nx = 1\n```\n", "x = 1\n"),
    "py": ("```py\nx = 1\n```", "x = 1\n"),
    "no tag": ("```\nx = 1\nprint(x)\n```", "x = 1\nprint(x)\n"),
    "another tag": ("```sage\nfactor(6)\n```", "factor(6)"),
    "never closed": ("```python\nx = 1", "x = 1"),
    "prose in front": ("I try this:\n```python\nx = 1\n```\n", "x = 1\n"),
    "two": ("```python\nx = 1\n```\nand\n```python\nx = 2\n```", "x = 1\n"),
    "in a string": ('x = """\n```python\n1\n```\n"""\n', 'x = """\n```python\n1\n```\n"""\n'),
    "in a comment": ("# ```python\nx = 1", "# ```python\nx = 1"),
    "indented": ("  ```python\n  if 1:\n      x = 1\n  ```", "if 1:\n    x = 1\n"),
    "no Python at all": ("what? ``` no", "what? ``` no"),
}


@pytest.mark.parametrize("name", FENCED)
def test_a_fence_between_the_tokens_is_taken_off(name: str) -> None:
    inside, code = FENCED[name]
    assert unfenced(inside) == code


HARD = {
    "prose": "a < b and x <|y| > 1\n",
    "end tokens inside of a string": "{end}",
    "openings": "{opening}",
    "empty blocks": "{opening}{end}",
    "broken tokens": "<|<|<|im_<|eo",
}


@pytest.mark.parametrize("name", RENDERED)
@pytest.mark.parametrize("kind", HARD)
def test_time_is_linear(name: str, kind: str) -> None:
    """Hard texts in small chunks: ten times the text takes about ten times, where quadratic time takes a hundred."""
    opening, end = protocol(name).example.replace("```python\n", "").replace("```", "").split("print(6 * 7)")
    unit = HARD[kind].format(opening=opening, end=end.strip())

    def seconds(length: int) -> float:
        text = (f'{opening}x = """' if "string" in kind else "") + unit * (length // len(unit))
        parser, begun = protocol(name).parser(), time.process_time()
        for at in range(0, len(text), 7):
            assert parser.feed(text[at : at + 7]) is None
        parser.finish(ended=False)
        return time.process_time() - begun

    assert seconds(300_000) < 40 * max(min(seconds(30_000), seconds(30_000)), 0.01)
