"""MathCoder's blocks: the exact wire, what models do instead of it, and every recorded run."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from mathagent.detection import detect
from mathagent.prompts import prompts
from mathagent.protocols import protocol
from mathagent.types import TextInput
from tests.protocols.test_token_formats import parse
from tests.replay.fixtures import DATA

WIRE = protocol("mathcoder")
RECORDED = sorted((DATA / "trajectories").glob("mathcoder-*.jsonl"))


def test_the_prompt_is_the_one_of_its_inference_script() -> None:
    messages = detect("MathLLM/MathCoder-CL-34B", None, "tir", prompts().values()).prompt.messages(
        "What is 6 * 7?"
    )
    request = WIRE.request(messages, [], can_continue=False)
    assert isinstance(request, TextInput)
    assert request.prompt == (
        "<|system|><|text|>Below is a math problem. Please solve it step by step.<|endofblock|><|endofmessage|>"
        "<|user|><|text|>What is 6 * 7?<|endofblock|><|endofmessage|><|assistant|>"
    )


def test_a_round() -> None:
    said = "<|text|>I compute.<|endofblock|><|code|>6 * 7<|endofblock|>"
    block = parse("mathcoder", said, [4])
    assert block is not None
    assert (block.before, block.code, block.closed) == ("<|text|>I compute.<|endofblock|>", "6 * 7", True)
    assert WIRE.output(block, "42", left=2) == "<|execution|>42<|endofblock|>"
    assert WIRE.output(block, "", left=2) == "<|execution|><empty_execution><|endofblock|>"


BLOCKS = {
    "an invented output": ("<|code|>x = 1<|endofblock|><|execution|>9<|endofblock|>", "x = 1", True),
    "an invented output, the block open": ("<|code|>x = 1<|execution|>9<|endofblock|>", "x = 1", False),
    "text in place of the end": ("<|code|>x = 1\n<|text|>So", "x = 1\n", False),
    "message ended in its place": ("<|code|>x = 1<|endofmessage|>", "x = 1", False),
    "two in a row": ("<|code|>x = 1<|endofblock|><|code|>x = 2<|endofblock|>", "x = 1", True),
    "fenced": ("<|code|>```python\nx = 1\n```<|endofblock|>", "x = 1\n", True),
    "carriage returns": ("<|code|>x = 1\r\nx<|endofblock|>", "x = 1\r\nx", True),
    "the end token in a string": (
        "<|code|>x = '<|endofblock|>'\nx<|endofblock|>",
        "x = '<|endofblock|>'\nx",
        True,
    ),
}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_blocks(name: str, size: int) -> None:
    text, code, closed = BLOCKS[name]
    block = parse("mathcoder", text, [size])
    assert block is not None
    assert (block.code, block.closed) == (code, closed)
    assert block.before + block.raw + block.rest == text


@pytest.mark.parametrize(
    "text", ["<|text|>\\boxed{1}<|endofblock|>", "<|code|><|endofblock|>", "print(1)", "<|code"]
)
def test_prose(text: str) -> None:
    assert parse("mathcoder", text, [3]) is None


def test_an_output_without_code_is_no_text() -> None:
    prose = "<|text|>So<|endofblock|><|execution|>\\boxed{9}<|endofblock|><|text|>\\boxed{2}"
    assert [span.raw for span in WIRE.spans(prose) if span.kind == "text"] == ["So", "\\boxed{2}"]


@pytest.mark.data
def test_every_recorded_run() -> None:
    """Each run put on the wire and read back: code exactly, outputs in their place, and most recorded answers.

    Recorded answers are the last text's box without spaces and units, or all of a text without a box.
    """
    if not RECORDED:
        pytest.skip(f"the recorded data is not there: {DATA / 'trajectories'}")
    counted: Counter[str] = Counter()
    for path in RECORDED:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            steps = [each for each in row["debug_result"] if each["role"] not in ("system", "user")]
            if [each["role"] for each in steps[-2:]] == ["text", "text"]:
                del steps[-1]  # the answer, scraped from the text before it
            texts, said, code = [], "", ""
            for step in [*steps, {"role": "end", "content": ""}]:
                if step["role"] == "execution":
                    block = parse("mathcoder", said, [97])
                    assert block is not None
                    assert block.rest == ""
                    assert (block.before + block.raw, block.code) == (said, code)
                    texts.append(text_of(block.before))
                    output = WIRE.output(block, step["content"], left=1)
                    assert output == f"<|execution|>{step['content']}<|endofblock|>"
                    counted["code"] += 1
                    said = ""
                elif step["role"] == "end":
                    assert parse("mathcoder", said, [97]) is None
                    texts.append(text_of(said))
                else:
                    code = step["content"]
                    said += f"<|{step['role']}|>{step['content']}<|endofblock|>"
            counted["runs"] += 1
            counted["answers"] += WIRE.answer(texts) == row["completion"]
    assert counted["runs"] == 3260
    assert counted["code"] == 7932
    assert counted["answers"] == 2743


def text_of(prose: str) -> str:
    return "".join(span.raw for span in WIRE.spans(prose) if span.kind == "text")
