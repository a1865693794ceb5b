"""Tool calls written into one text and taken apart again; calls that can't be run."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.protocols import Block, Part, protocol
from mathagent.protocols.frames import Frame, escaped, frame, read_frames, unescaped
from mathagent.protocols.tools import TOOL
from mathagent.types import CallDelta, ChatInput, Chunk, Message, ToolCall
from tests.protocols.test_tag_formats import parse

ASK = Message("user", "?")
CODE = json.dumps({"code": "print(1)"})


def written(*chunks: Chunk) -> str:
    return "".join(map(protocol("tools").words, chunks))


def called(arguments: str, name: str = "python") -> Block:
    text = written(
        Chunk(text="So\n"), Chunk(calls=(CallDelta(0, "a", name, arguments),), finish="tool_calls")
    )
    block = parse("tools", text, [2])
    assert block is not None
    assert block.before == "So\n"
    return block


def test_whole_calls_and_calls_in_pieces_are_written_alike() -> None:
    whole = written(Chunk(text="So"), Chunk(calls=(CallDelta(0, "a", "python", CODE),), finish="tool_calls"))
    pieces = written(
        Chunk(text="S"),
        Chunk(text="o", calls=(CallDelta(0, "a", "python"),)),
        Chunk(calls=(CallDelta(0, arguments=CODE[:9]),)),
        Chunk(calls=(CallDelta(0, arguments=CODE[9:]),), finish="stop"),
    )
    assert whole == pieces
    for text in (whole, whole.removesuffix("\n␞end\n")):
        block = parse("tools", text, [1])
        assert block is not None
        assert (block.before, block.code, block.rest) == ("So", "print(1)", "")
    assert parse("tools", whole.removesuffix("\n␞end\n"), [1], ended=False) is None


def test_the_first_of_several_calls_is_run() -> None:
    calls = (CallDelta(0, "a", "python", CODE), CallDelta(1, "b", "python", '{"code": "2"}'))
    text = written(Chunk(calls=calls, finish="tool_calls"))
    block = parse("tools", text, [3])
    assert block is not None
    assert block.code == "print(1)"
    assert '"b"' in block.rest


def test_messages_are_rebuilt() -> None:
    wire = protocol("tools")
    block = called(CODE)
    output = wire.output(block, "1", left=3)
    reply = [Part("model", block.before, "Hm."), Part("model", block.raw), Part("kernel", output)]
    turns = (
        Message("assistant", "So\n", reasoning="Hm.", calls=(ToolCall("a", "python", CODE),)),
        Message("tool", "1", call_id="a"),
    )
    assert wire.request((ASK,), reply, can_continue=False) == ChatInput((ASK, *turns), tools=(TOOL,))
    assert wire.request((ASK,), [], can_continue=True) == ChatInput((ASK,), tools=(TOOL,))
    whole = "".join(part.raw for part in reply) + "It is \\boxed{1}."
    again = wire.request((ASK, Message("assistant", whole), ASK), [], can_continue=False)
    assert isinstance(again, ChatInput)
    assert [each.role for each in again.messages] == ["user", "assistant", "tool", "assistant", "user"]
    assert again.messages[3] == Message("assistant", "It is \\boxed{1}.")


def test_a_call_without_an_answer_is_not_sent() -> None:
    """A reply that ended at a limit: servers refuse a call that no message answers."""
    block = called(CODE)
    request = protocol("tools").request(
        (ASK, Message("assistant", block.before + block.raw), ASK), [], can_continue=False
    )
    assert isinstance(request, ChatInput)
    assert request.messages == (ASK, Message("assistant", "So\n"), ASK)


def test_no_output_is_said() -> None:
    block = called(CODE)
    wire = protocol("tools")
    reply = [Part("model", block.raw), Part("kernel", wire.output(block, "", left=3))]
    request = wire.request((ASK,), reply, can_continue=False)
    assert isinstance(request, ChatInput)
    assert request.messages[-1].content == "[no output]"


@pytest.mark.parametrize(
    ("arguments", "name", "says"),
    [
        ("print(1)", "python", "these are not JSON"),
        ('{"code": "print(1)"', "python", "these are not JSON"),
        ("", "python", "these are not JSON"),
        ('"print(1)"', "python", "a JSON object that holds the code"),
        ('{"source": "print(1)"}', "python", "a JSON object that holds the code"),
        ('{"code": 1}', "python", "a JSON object that holds the code"),
        ('{"code": " "}', "python", "a JSON object that holds the code"),
        ("[" * 5000, "python", "these are not JSON"),
        (CODE, "search", "there is no tool 'search'"),
        (CODE, "", "there is no tool ''"),
    ],
)
def test_what_can_not_be_run_is_answered(arguments: str, name: str, says: str) -> None:
    """And the call is sent back with arguments that a chat template can read."""
    wire = protocol("tools")
    block = called(arguments, name)
    fault = wire.fault(block)
    assert says in fault
    assert "\n" not in fault
    reply = [Part("model", block.raw), Part("kernel", wire.output(block, fault, left=3))]
    request = wire.request((ASK,), reply, can_continue=False)
    assert isinstance(request, ChatInput)
    assert isinstance(json.loads(request.messages[1].calls[0].arguments), dict)
    assert request.messages[2].content == fault


def test_what_models_get_nearly_right_runs() -> None:
    wire = protocol("tools")
    for block in (called('{"code": "print(\n1)"}'), called(CODE, "functions.python")):
        assert wire.fault(block) == ""
    assert called('{"code": "a\n"}').code == "a\n"


@given(st.lists(st.one_of(st.sampled_from(["␞", "␞end", "\n", "a", "{"]), st.text(max_size=5)), max_size=9))
def test_frames_give_back_any_text(texts: list[str]) -> None:
    whole = "".join(escaped(text) + frame("call", {"id": text}) for text in texts)
    read = list(read_frames(whole))
    expected: list[str | Frame] = []
    for text in texts:
        expected += [*([text] if text else []), Frame("call", {"id": text})]
    assert read == expected
    assert unescaped(escaped("".join(texts))) == "".join(texts)
