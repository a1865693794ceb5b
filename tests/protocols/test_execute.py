"""`<execute>`: what recorded models made of it, turns, solutions."""

from __future__ import annotations

import json
import re

import pytest

from mathagent.protocols import Block, Part, protocol
from mathagent.types import ChatInput, Chunk, Message
from tests.protocols.test_openmath import rows
from tests.protocols.test_tag_formats import parse
from tests.replay.fixtures import DATA

MINT = DATA / "trajectories" / "mint-math"
MODELS = sorted(
    [
        "CodeLlama-34b-hf",
        "Eurus-70B-SFT",
        "Meta-Llama-3-70B-Instruct",
        "OpenMath-Mistral-7B-v0.1-hf",
        "claude-2",
        "gpt-3.5-turbo-0613",
        "gpt-4-0613",
    ]
)

BLOCKS = {
    "as asked": ("<thought> I add. </thought>\n<execute>\nprint(1)\n</execute>", "print(1)"),
    "on one line": ("<execute> print(1) </execute>", "print(1)"),
    "begun on the line of the tag": ("<execute> import math\nprint(1) </execute>", "import math\nprint(1)"),
    "a fence instead": ("<thought>x</thought>\n```python\nprint(1)\n```\n", "print(1)\n"),
    "a fence inside": ("<execute>\n```python\nprint(1)\n```\n</execute>", "print(1)"),
    "a fence around": ("```python\n<execute>\nprint(1)\n</execute>\n```\n", "print(1)"),
    "an observation of its own": ("<execute>\nprint(1)\nObservation:\n2\n", "print(1)"),
    "a turn of its own": ("<execute>\nprint(1)\nAssistant:\n<thought>", "print(1)"),
    "never closed": ("<execute>\nprint(1)", "print(1)"),
    "the tag twice": ("<execute>\n<execute>\nprint(1)\n</execute>", "print(1)"),
    "an instruction of its own": ("```python\nprint(1)\n```\n[INSTUCTION]Observation:\n2", "print(1)\n"),
    "the tag in a string": ("<execute>\nprint('</execute>')\n</execute>", "print('</execute>')"),
    "the word in prose": ("I use `<execute>` now: <execute>1</execute>", "1"),
    "two blocks": ("<execute>1</execute>\n<execute>2</execute>", "1"),
}


@pytest.mark.parametrize("size", [1, 3, 10**9])
@pytest.mark.parametrize("name", BLOCKS)
def test_blocks(name: str, size: int) -> None:
    text, code = BLOCKS[name]
    block = parse("execute", text, [size])
    assert block is not None
    assert block.code == code
    assert block.before + block.raw + block.rest == text


SOLUTIONS = {
    "<solution> 42 </solution>": "42",
    "<solution> The answer is 10. </solution>": "10",
    "The answer is <solution>16</solution>. <solution>17</solution>": "17",
    "<solution> 42": "42",
    "<solution>$\\boxed{\\frac{1}{2}}$</solution>": "\\frac{1}{2}",
    "<solution></solution> so \\boxed{3}": "3",
    "It is \\boxed{5}.": "5",
    "<solution> 3.5 </solution>": "3.5",
    "nothing": None,
}


@pytest.mark.parametrize("text", SOLUTIONS)
def test_the_solution_is_the_answer(text: str) -> None:
    assert protocol("execute").answer(["\\boxed{1}" if SOLUTIONS[text] else "", text]) == SOLUTIONS[text]


def test_tags_and_roles_are_markup() -> None:
    spans = protocol("execute").spans("Assistant:\n<thought> a </thought>\n<solution>1</solution>")
    assert [(span.kind, span.raw) for span in spans] == [
        ("markup", "Assistant:"),
        ("text", "\n"),
        ("markup", "<thought>"),
        ("text", " a "),
        ("markup", "</thought>"),
        ("text", "\n<solution>1</solution>"),
    ]


def test_observations_are_the_users_turns() -> None:
    wire = protocol("execute")
    raw = "<execute>\nprint('␞user')\n</execute>"
    said = wire.words(Chunk(text="I try.\n" + raw))
    block = parse("execute", said, [4])
    assert block is not None
    assert block.code == "print('␞user')"
    observed = wire.output(block, "␞user\nObservation:\n1", left=1)
    reply = [Part("model", block.before, "Hm."), Part("model", block.raw), Part("kernel", observed)]
    turns = (
        Message("assistant", "I try.\n" + raw, reasoning="Hm."),
        Message("user", "Observation:\n␞user\nObservation:\n1\nYou have 1 step left."),
    )
    ask = Message("user", "?")
    assert wire.request((ask,), reply, can_continue=True) == ChatInput((ask, *turns))
    paused = wire.request((ask,), [*reply, Part("model", "So")], can_continue=True)
    assert paused == ChatInput((ask, *turns, Message("assistant", "So")), continue_final=True)
    # The same as an earlier exchange of a conversation, where the parts are one text.
    whole = "".join(part.raw for part in reply) + "So <solution>1</solution>"
    again = wire.request((ask, Message("assistant", whole), ask), [], can_continue=True)
    assert isinstance(again, ChatInput)
    assert [each.content for each in again.messages] == [
        "?",
        *(each.content for each in turns),
        "So <solution>1</solution>",
        "?",
    ]


def test_what_is_open_is_closed() -> None:
    wire = protocol("execute")
    for raw, closing in (
        ("<execute>\n1", "\n</execute>"),
        ("<execute>\n1\n", "</execute>"),
        ("```python\n1\n", "```"),
    ):
        written = wire.output(Block("", raw, "1", "", False), "1", left=2)
        assert written == f"{closing}\n␞user\nObservation:\n1\nYou have 2 steps left.\n␞assistant\n"


@pytest.mark.data
@pytest.mark.parametrize("model", MODELS)
def test_recorded_models(model: str) -> None:
    """Every block that MINT ran is found as the model wrote it, however the text is cut, drift included."""
    found = 0
    for row in rows(MINT / f"{model}.jsonl"):
        for message in row["state"]["history"][1:]:
            if message["role"] != "assistant":
                continue
            text = message["content"]
            form = r"```python\n(.*?)```" if model.startswith("Eurus") else r"<execute>(.*?)(?:</execute>|\Z)"
            recorded = re.search(form, text, re.DOTALL)
            whole = parse("execute", text, [10**9])
            assert parse("execute", text, [1]) == whole
            assert parse("execute", text, [3, 5, 2]) == whole
            if recorded is None or not recorded[1].strip():
                continue
            assert whole is not None, text
            found += 1
            inside = re.sub(r"\A\s*```(?:python)?\n|```\s*\Z", "", recorded[1])
            assert whole.code.split() == re.split(r"\n(?:Observation:|<solution>)", inside)[0].split(), (
                json.dumps(text)
            )
            assert "".join(span.raw for span in protocol("execute").spans(whole.before)) == whole.before
    assert found >= (3 if model.startswith("OpenMath") else 30)
