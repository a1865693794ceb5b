"""Replies in one piece, as batches take them: the same chunks in the end, without a stream."""

from __future__ import annotations

import pytest

from mathagent.errors import ModelBusy
from mathagent.types import TextInput
from tests.models.test_openai_server import FENCE, SUM, TEXT, UNTIL_FENCE, client, collect
from tests.replay.fixtures import Replay
from tests.replay.state import Fault


async def test_it_says_the_same_as_a_stream(replay: Replay) -> None:
    server = replay([SUM])
    for stop, said in (((), TEXT), ((FENCE,), UNTIL_FENCE)):
        streamed, last = await collect(client(server), stop=stop)
        whole, only = await collect(client(server, whole=True), stop=stop)
        assert whole == streamed == said
        assert (only.finish, only.stop_reason) == (last.finish, last.stop_reason)
        assert only.usage is not None
        assert last.usage is not None
        assert only.usage.completion == last.usage.completion
        assert only.usage.exact
    assert [bool(each.body.get("stream")) for each in server.seen] == [True, False, True, False]
    cut, end = await collect(client(server, whole=True), max_tokens=3)
    assert TEXT.startswith(cut)
    assert end.finish == "length"


async def test_completions_too(replay: Replay) -> None:
    server = replay([SUM])
    said, last = await collect(client(server, whole=True), TextInput(f"{SUM.problem}\n"))
    assert (said.strip(), last.finish) == (TEXT, "stop")
    assert server.seen[-1].path.endswith("/v1/completions")


async def test_failures_are_retried(replay: Replay) -> None:
    server = replay([SUM])
    server.fail_next(Fault("status", 503), Fault("cut", after=2))
    assert (await collect(client(server, whole=True)))[0] == TEXT
    server.fail_next(*(Fault("status", 500),) * 9)
    with pytest.raises(ModelBusy):
        await collect(client(server, whole=True, retries=2))


async def test_a_hosted_server_is_streamed_from(replay: Replay) -> None:
    server = replay([SUM], owner="openai")
    assert (await collect(client(server, whole=True)))[0] == TEXT
    assert server.seen[-1].body["stream"] is True
