"""OpenMath's tags, new and old: code while thinking, calls in JSON, the count of executions, the recorded texts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mathagent.protocols import Block, Part, protocol
from mathagent.types import ChatInput, Message
from tests.protocols.test_tag_formats import parse
from tests.replay.fixtures import DATA

FILE = DATA / "trajectories" / "nemo-openmath-fewshot.jsonl"

CALLS = {
    "plain": "\nprint(1)\n",
    "on the line of the tag": "print(1)",
    "fenced": "\n```python\nprint(1)\n```\n",
    "fenced without a tag": "\n```\nprint(1)\n```\n",
    "indented": "\n  print(1)\n",
    "json": '\n{"name": "python", "arguments": {"code": "print(1)"}}\n',
    "json with arguments in a string": '{"name": "python", "arguments": "{\\"code\\": \\"print(1)\\"}"}',
    "json with bare code": '{"name": "python", "arguments": "print(1)"}',
    "json with a raw newline": '{"name": "python", "arguments": {"code": "\nprint(1)"}}',
    "json with parameters": '{"name": "python", "parameters": {"code": "print(1)"}}',
    "json that is broken": '{"name": "python", "arguments": {"code": "print(1)"}',
    "xml": "\n<function=python>\n<parameter=code>\nprint(1)\n</parameter>\n</function>\n",
}


@pytest.mark.parametrize("size", [1, 4, 10**9])
@pytest.mark.parametrize("name", CALLS)
def test_the_code_of_a_call(name: str, size: int) -> None:
    text = f"So\n<tool_call>{CALLS[name]}</tool_call>\nmore"
    block = parse("openmath", text, [size])
    assert block is not None
    assert block.code.strip() == "print(1)"
    assert (block.before, block.rest) == ("So\n", "\nmore")
    assert protocol("openmath").fault(block) == ""


@pytest.mark.parametrize(
    "call", ['{"name": "search", "arguments": {"query": "pi"}}', '{"name": "python"}', "<function=f>"]
)
def test_a_call_without_code_is_told_so(call: str) -> None:
    block = parse("openmath", f"<tool_call>\n{call}\n</tool_call>", [3])
    assert block is not None
    assert "holds no code" in protocol("openmath").fault(block)


def test_a_dictionary_is_python() -> None:
    block = parse("openmath", '<tool_call>\n{"a": 1}["a"]\n</tool_call>', [3])
    assert block is not None
    assert block.code == '{"a": 1}["a"]'
    assert protocol("openmath").fault(block) == ""


def test_code_runs_while_the_model_thinks() -> None:
    wire = protocol("openmath")
    before = "<think>\nLet me see.\n"
    text = before + "<tool_call>\nprint(1)\n</tool_call>"
    block = parse("openmath", text, [2])
    assert block is not None
    assert (block.before, block.code) == (before, "print(1)")
    reply = text + wire.output(block, "</think>", left=7)
    assert [span.kind for span in wire.spans("So 1.\n</think>\n\\boxed{1}", reply)] == [
        "thinking",
        "markup",
        "text",
    ]
    assert [span.kind for span in wire.spans("So 1.", reply + "</think>")] == ["text"]
    parser = wire.parser(reply)
    assert parser.channel == "reasoning"
    parser.feed("Again <tool_call>\nx")
    assert parser.channel == "code"
    assert wire.parser("").channel == "text"


def test_the_output_counts_what_is_left() -> None:
    block = Block("", "<tool_call>\n1\n</tool_call>", "1", "", True)
    wire = protocol("openmath")
    assert wire.output(block, "1", left=7).startswith(
        "\n```output\n1\n```\n```system\nRemaining code executions: 7. "
    )
    assert wire.output(block, "1", left=0).startswith(
        "\n```output\n1\n```\n```system\nYou have run out of code executions! "
    )
    assert protocol("openmath-kaggle").output(block, "1", left=7) == "\n```output\n1\n```\n"
    unclosed = Block("", "<tool_call>\n1", "1", "", False)
    assert protocol("openmath-kaggle").output(unclosed, "", left=7) == "\n</tool_call>\n```output\n```\n"


def test_a_made_up_output_breaks_an_unclosed_call_off() -> None:
    block = parse("openmath", "<tool_call>\nprint(1)\n```output\n7\n```\nIt is 7.", [5])
    assert block is not None
    assert (block.code, block.closed, block.rest) == ("print(1)", False, "```output\n7\n```\nIt is 7.")
    block = parse("llm-code", "<llm-code>\nprint(1)\n<llm-code-output>\n7\n</llm-code-output>\nIt is 7.", [5])
    assert block is not None
    assert (block.code, block.closed) == ("print(1)", False)


def test_a_tag_in_a_string_of_the_code() -> None:
    code = 's = "</llm-code>"\nt = """\n</llm-code>\n"""\nprint(s, t)'
    block = parse("llm-code", f"<llm-code>\n{code}\n</llm-code>\n", [1])
    assert block is not None
    assert block.code == code
    block = parse(
        "llm-code", "<llm-code>\nprint('It's 3')</llm-code>\nno end", [1]
    )  # no Python; closed all the same
    assert block is not None
    assert (block.code, block.closed) == ("print('It's 3')", True)


def test_one_message_grows() -> None:
    for name in ("openmath", "llm-code"):
        wire = protocol(name)
        reply = [Part("model", wire.example), Part("kernel", "\nout\n")]
        request = wire.request((Message("user", "?"),), reply, can_continue=True)
        assert request == ChatInput(
            (Message("user", "?"), Message("assistant", wire.example + "\nout\n")), True
        )


def rows(path: Path) -> list[Any]:
    if not path.exists():
        pytest.skip(f"the recorded data is not there: {path}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.data
@pytest.mark.parametrize("size", [1, 5, 10**9])
def test_recorded_demonstrations(size: int) -> None:
    """Their code is found exactly, and with the output that was written they come back character for character."""
    recorded = rows(FILE)
    assert len(recorded) == 41
    for row in recorded:
        text = row["solution_openmath"]
        at, wire = 0, protocol("llm-code")
        for code, output in re.findall(
            r"<llm-code>\n(.*?)</llm-code>\n<llm-code-output>\n(.*?)\n?</llm-code-output>", text, re.DOTALL
        ):
            block = parse("llm-code", text[at:], [size])
            assert block is not None
            assert block.code == code.rstrip()
            at += len(block.before + block.raw)
            written = wire.output(block, output, left=3)
            assert text.startswith(written.rstrip("\n"), at)
            at += len(written.rstrip("\n"))
        assert parse("llm-code", text[at:], [size]) is None
        assert wire.answer([span.raw for span in wire.spans(text[at:])]) is not None


@pytest.mark.data
def test_recorded_made_up_outputs_are_cut_off() -> None:
    """OpenMath-Mistral in MINT: every one of its blocks is found, and what it says the code printed is discarded."""
    found = 0
    for row in rows(DATA / "trajectories" / "mint-math" / "OpenMath-Mistral-7B-v0.1-hf.jsonl"):
        for message in row["state"]["history"][1:]:
            text = message["content"]
            if message["role"] != "assistant" or "<llm-code>" not in text:
                continue
            block = parse("llm-code", text, [7])
            if block is None:
                assert re.search(r"<llm-code>\s*(?:</llm-code>|\Z)", text), text
                continue
            found += 1
            inside = text.split("<llm-code>", 1)[1]
            assert block.code == re.split(r"</?llm-code(?:-output)?>", inside)[0].strip("\n").rstrip()
            assert "<llm-code-output>" not in block.before + block.raw
    assert found > 190
