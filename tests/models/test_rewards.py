"""Reward models behind vLLM's pooling endpoints: a score for the whole, one for each step, and what is no score."""

from __future__ import annotations

import pytest

from mathagent.errors import ModelError
from mathagent.models import OpenAIServer
from mathagent.types import Message, Reward, Rewards
from tests.replay.fixtures import Replay
from tests.replay.server import ReplayServer

CHAT = (Message("user", "2 + 2?"), Message("assistant", "It is 4."))
WHOLE = Reward("classify")


async def ask(server: ReplayServer, reward: Reward, places: int = 1) -> Rewards:
    client = OpenAIServer(server.base_url, retries=0)
    try:
        return await client.reward(CHAT, reward, places)
    finally:
        await client.aclose()


@pytest.mark.parametrize(
    ("row", "probability"),
    [([0.0], 0.5), ([2.0], 0.880797), ([-800.0], 0.0), ([1.0, 3.0], 0.880797), ([1e24, 0.0], 0.0)],
)
async def test_one_number_is_a_logit_and_of_two_the_second_counts(
    replay: Replay, row: list[float], probability: float
) -> None:
    server = replay()
    server.state.rewards = lambda messages: [row]
    found = await ask(server, WHOLE)
    assert found.probabilities == pytest.approx((probability,), abs=1e-6)
    assert found.usage.completion == 0
    (seen,) = server.seen
    assert seen.path == "/classify"
    assert seen.body["messages"][-1] == {"role": "assistant", "content": "It is 4."}
    assert seen.body["use_activation"] is False


async def test_the_last_token_counts_for_the_whole(replay: Replay) -> None:
    server = replay()
    server.state.rewards = lambda messages: [[5.0], [3.0], [0.0]]
    assert (await ask(server, Reward("token_classify"))).probabilities == (0.5,)
    assert server.seen[0].path == "/pooling"
    assert server.seen[0].body["task"] == "token_classify"


async def test_steps_are_found_by_their_tag_where_the_server_does_not(replay: Replay) -> None:
    server = replay()
    tokens = server.state.vocabulary.encode("".join(each.content for each in CHAT))
    tag = server.state.vocabulary.encode(" 4")[0]
    server.state.rewards = lambda messages: [[0.0, float(place)] for place in range(len(tokens))]
    (found,) = (await ask(server, Reward("token_classify", tag))).probabilities
    assert found == pytest.approx(1 / (1 + 2.718281828459045 ** -tokens.index(tag)))
    server.state.rewards = lambda messages: [[0.0, 0.0], [0.0, 2.0]]
    assert (await ask(server, Reward("token_classify", tag), 2)).probabilities == pytest.approx(
        (0.5, 0.880797)
    )
    with pytest.raises(ModelError, match="gives 0 scores for 3 steps"):
        await ask(server, Reward("token_classify", 10**6), 3)


async def test_what_is_no_reward_model(replay: Replay) -> None:
    server = replay()
    with pytest.raises(ModelError, match=r"refuses the request \(501\): The model does not support"):
        await ask(server, WHOLE)
    server.state.rewards = lambda messages: [[0.1, 0.2, 0.7]]
    with pytest.raises(ModelError, match="gives 3 numbers for a score"):
        await ask(server, WHOLE)
    server.state.rewards = lambda messages: [[]]
    with pytest.raises(ModelError, match="holds no scores"):
        await ask(server, WHOLE)
