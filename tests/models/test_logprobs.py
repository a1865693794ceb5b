"""Log-probabilities of the tokens drawn: asked for in each endpoint's words, read from its answer, summed once each."""

from __future__ import annotations

from typing import Any

import pytest

from mathagent.errors import ModelError
from mathagent.models.wire import read_delta
from mathagent.types import Logprobs, Sampling, TextInput
from tests.models.test_openai_server import ASK, FENCE, SUM, TEXT, UNTIL_FENCE, client, collect
from tests.replay.fixtures import Replay
from tests.replay.state import Fault
from tests.replay.tokens import logprob, tokenize

PROMPT = TextInput(f"{SUM.problem}\n")


def of(tokens: list[str]) -> Logprobs:
    return Logprobs(pytest.approx(sum(map(logprob, tokens))), len(tokens))


ALL = of([*tokenize(TEXT), ""])  # the end of the turn is a token, too


@pytest.mark.parametrize("whole", [False, True])
async def test_of_every_token_that_was_drawn(replay: Replay, whole: bool) -> None:
    server = replay([SUM], tokens_per_chunk=3)
    model = client(server, logprobs=True, whole=whole)
    assert (await collect(model))[1].logprobs == ALL
    assert server.seen[-1].body["logprobs"] is True
    assert (await collect(model, stop=[FENCE]))[1].logprobs == of(tokenize(UNTIL_FENCE))
    assert (await collect(model, PROMPT))[1].logprobs == of([*tokenize(server.seen[-1].script), ""])
    assert server.seen[-1].body["logprobs"] == 1


async def test_every_chunk_has_the_sum_so_far(replay: Replay) -> None:
    """So that one who stops listening has those of what came."""
    server = replay([SUM])
    chunks = [
        each async for each in client(server, logprobs=True).stream(ASK, Sampling(), stop=[], max_tokens=99)
    ]
    tokens = tokenize(TEXT)
    assert [each.logprobs for each in chunks[:5]] == [of(tokens[:end]) for end in range(1, 6)]


async def test_they_are_not_asked_for_unless_wanted(replay: Replay) -> None:
    server = replay([SUM])
    assert (await collect(client(server)))[1].logprobs is None
    assert "logprobs" not in server.seen[-1].body


async def test_a_cut_stream_counts_each_token_once(replay: Replay) -> None:
    server = replay([SUM])
    server.fail_next(Fault("cut", after=4), Fault("end", after=3), Fault("status", 503))
    said, last = await collect(client(server, logprobs=True))
    assert (said, last.logprobs) == (TEXT, ALL)


async def test_a_server_may_give_none(replay: Replay) -> None:
    assert (await collect(client(replay([SUM], logprobs=False), logprobs=True)))[1].logprobs is None


async def test_a_server_that_refuses_them_is_told_so(replay: Replay) -> None:
    server = replay([SUM])
    server.fail_next(Fault("status", 400, body='{"error": {"message": "logprobs are not supported"}}'))
    with pytest.raises(ModelError, match=r"gives no log-probabilities.*leave out --logprobs"):
        await collect(client(server, logprobs=True))


@pytest.mark.parametrize(
    ("logprobs", "found"),
    [
        ({"content": [{"logprob": -1.0}, {"logprob": -0.5, "token": "a"}]}, Logprobs(-1.5, 2)),
        ({"token_logprobs": [-1.0, None, -0.25]}, Logprobs(-1.25, 2)),
        ({"token_logprobs": [1e-7]}, Logprobs(0.0, 1)),
        ({"content": [{"logprob": float("nan")}, {"logprob": float("-inf")}, {}, None]}, None),
        ({"content": None}, None),
        ({"content": []}, None),
        ([-1.0], None),
        (None, None),
    ],
)
def test_what_servers_send(logprobs: Any, found: Logprobs | None) -> None:
    """llama.cpp answers completions in chat's form; vLLM's first entry may be null."""
    assert read_delta({"choices": [{"text": "a", "logprobs": logprobs}]}).logprobs == found
