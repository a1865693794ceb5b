"""Tool calls and thinking on the wire: what is sent to whom, put together, and asked for again."""

from __future__ import annotations

from typing import Any

import pytest

from mathagent.errors import ModelError, StreamCut
from mathagent.models.reply import Reply
from mathagent.models.wire import Delta, read_delta
from mathagent.protocols.tools import TOOL
from mathagent.types import CallDelta, ChatInput, Chunk, Message, ModelInput, Sampling, TextInput, ToolCall
from tests.models.test_openai_server import client
from tests.replay.fixtures import Replay
from tests.replay.recording import Recording
from tests.replay.state import Fault
from tests.replay.tokens import tokenize

ARGUMENTS = '{"code": "print(2+3)"}'
THOUGHT, WORDS = "I could add.", "Let me compute."
ASKS = f"<think>\n{THOUGHT}</think>\n{WORDS}\n<tool_call>python\n{ARGUMENTS}</tool_call>"
SUM = Recording("What is 2+3?", (ASKS, "So \\boxed{5}."), ("5",), turns=True)
ASK = ChatInput((Message("user", SUM.problem),), tools=(TOOL,))


async def collect(model: Any, request: ModelInput = ASK) -> list[Chunk]:
    return [chunk async for chunk in model.stream(request, Sampling(), stop=[], max_tokens=500)]


def joined(chunks: list[Chunk]) -> tuple[str, str, list[tuple[str, str]]]:
    calls = [(call.name, call.arguments) for chunk in chunks for call in chunk.calls]
    return "".join(chunk.reasoning for chunk in chunks), "".join(chunk.text for chunk in chunks), calls


PARSED = {"tool_parser": True, "reasoning_parser": True}
CALL = [("python", ARGUMENTS)]


async def test_thinking_text_and_call_come_apart(replay: Replay) -> None:
    server = replay([SUM], **PARSED)
    chunks = await collect(client(server))
    assert joined(chunks) == (THOUGHT, WORDS, CALL)
    assert [chunk.calls for chunk in chunks[:-1]] == [()] * (len(chunks) - 1)
    assert chunks[-1].finish == "tool_calls"
    assert chunks[-1].calls[0].id
    assert server.seen[0].body["tools"] == [dict(TOOL)]
    assert server.seen[0].body["parallel_tool_calls"] is False


async def test_calls_outputs_and_thinking_are_sent_back(replay: Replay) -> None:
    call = ToolCall("call-7", "python", ARGUMENTS)
    said = Message("assistant", WORDS, reasoning=THOUGHT, calls=(call,))
    request = ChatInput((*ASK.messages, said, Message("tool", "5", call_id="call-7")), tools=(TOOL,))
    sent = {}
    for owner in ("vllm", "sglang", "llamacpp", "openai"):
        server = replay([SUM], owner=owner, **PARSED)
        assert joined(await collect(client(server), request))[1] == "So \\boxed{5}."
        sent[owner] = server.seen[0].body
    function = {"name": "python", "arguments": ARGUMENTS}
    plain = {
        "role": "assistant",
        "content": WORDS,
        "tool_calls": [{"id": "call-7", "type": "function", "function": function}],
    }
    assert sent["openai"]["messages"][1:] == [
        plain,
        {"role": "tool", "content": "5", "tool_call_id": "call-7"},
    ]
    assert "parallel_tool_calls" not in sent["openai"]
    assert sent["vllm"]["messages"][1] == {**plain, "reasoning": THOUGHT}
    assert (
        sent["sglang"]["messages"][1]
        == sent["llamacpp"]["messages"][1]
        == {**plain, "reasoning_content": THOUGHT}
    )


async def test_special_tokens_are_asked_for(replay: Replay) -> None:
    wanted = {"skip_special_tokens", "spaces_between_special_tokens"}
    for owner, fields in (("vllm", wanted), ("sglang", wanted), ("openai", set())):
        server = replay([SUM], owner=owner)
        server.fail_next(Fault("cut", after=2)) if fields else None
        await collect(client(server), TextInput(SUM.problem, special_tokens=True))
        assert {name for seen in server.seen for name in wanted & seen.body.keys()} == fields
        assert all(fields <= seen.body.keys() for seen in server.seen)
        await collect(client(server), TextInput(SUM.problem))
        assert not wanted & server.seen[-1].body.keys()


@pytest.mark.parametrize("owner", ["vllm", "openai"])
async def test_a_call_that_was_cut_is_asked_for_anew(replay: Replay, owner: str) -> None:
    """Wherever in the call: the words before it stand once, the call is whole, and all tokens are counted."""
    begins = len(tokenize(ASKS[: ASKS.index(ARGUMENTS)])) + 1
    for after in range(begins, len(tokenize(ASKS)), 3):
        server = replay([SUM], owner=owner, **PARSED)
        server.fail_next(Fault("cut", after=after), Fault("end", after=after + 1))
        chunks = await collect(client(server))
        assert joined(chunks) == (THOUGHT, WORDS, CALL)
        assert [seen.body["messages"] for seen in server.seen] == [server.seen[0].body["messages"]] * 3
        assert chunks[-1].usage is not None
        everything = after + after + 1 + len(tokenize(ASKS)) + 1
        assert chunks[-1].usage.completion == everything if owner == "vllm" else not chunks[-1].usage.exact


async def test_a_cut_in_the_words_before_a_call_is_continued(replay: Replay) -> None:
    recording = Recording(SUM.problem, (ASKS.rpartition("</think>\n")[2], "So"), ("5",), turns=True)
    server = replay([recording], tool_parser=True)
    server.fail_next(Fault("cut", after=2))
    assert joined(await collect(client(server))) == ("", WORDS, CALL)
    assert server.seen[1].body["continue_final_message"]
    assert server.seen[1].body["tools"]


async def test_a_cut_in_thinking_can_not_be_mended(replay: Replay) -> None:
    server = replay([SUM], **PARSED)
    server.fail_next(Fault("cut", after=7))
    with pytest.raises(StreamCut, match="thinking part"):
        await collect(client(server))


@pytest.mark.parametrize(
    ("status", "says", "hint"),
    [
        (400, None, "serve with --enable-auto-tool-choice --tool-call-parser NAME"),
        (
            500,
            '{"error": {"message": "tools param requires --jinja flag"}}',
            "start llama-server with --jinja",
        ),
        (400, '{"error": {"message": "gemma does not support tools"}}', "choose a model that has tools"),
    ],
)
async def test_a_server_without_tools_is_told_in_one_line(
    replay: Replay, status: int, says: str | None, hint: str
) -> None:
    server = replay([SUM])
    if says is not None:
        server.fail_next(Fault("status", status, body=says))
    with pytest.raises(ModelError) as refused:
        await collect(client(server))
    assert "takes no tool calls: " in refused.value.message
    assert "\n" not in str(refused.value)
    assert refused.value.hint.startswith(hint)
    assert refused.value.hint.endswith("or use --protocol markdown")
    assert len(server.seen) == 1


def put_together(*deltas: Delta) -> tuple[CallDelta, ...]:
    reply = Reply([])
    for delta in deltas:
        reply.take(delta)
    return reply.last().calls


def test_calls_as_servers_send_them() -> None:
    def call(**fields: Any) -> Delta:
        return read_delta({"choices": [{"delta": {"tool_calls": [fields]}}]})

    in_pieces = put_together(
        call(index=0, id="a", function={"name": "python", "arguments": ""}),
        call(index=0, function={"arguments": '{"code"'}),
        call(index=0, id="", function={"name": None, "arguments": ': "1"}'}),
    )
    assert in_pieces == (CallDelta(0, "a", "python", '{"code": "1"}'),)
    repeated = put_together(
        call(index=0, id="a", function={"name": "python", "arguments": "{"}),
        call(index=0, id="a", function={"name": "python", "arguments": "}"}),
    )
    assert repeated == (CallDelta(0, "a", "python", "{}"),)
    all_the_first = put_together(
        call(index=0, id="a", function={"name": "python", "arguments": {"code": "1"}}),
        call(id="b", function={"name": "python", "arguments": "{}"}),
    )
    assert all_the_first == (CallDelta(0, "a", "python", '{"code": "1"}'), CallDelta(1, "b", "python", "{}"))
    (nameless,) = put_together(call(index=0, function={"name": "python", "arguments": "{}"}))
    assert len(nameless.id) == 9
    odds: list[Any] = [
        [None],
        "x",
        [{"function": "x"}],
        [{"index": "0", "function": {"name": 3, "arguments": 4}}],
        {},
    ]
    for odd in odds:
        put_together(read_delta({"choices": [{"delta": {"tool_calls": odd}}]}))


def test_content_in_parts() -> None:
    """As Mistral's endpoint sends it."""
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "So"},
    ]
    assert read_delta({"choices": [{"delta": {"content": parts}}]}) == Delta(text="So", reasoning="Hm.")
