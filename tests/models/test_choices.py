"""How likely options are: what vLLM is asked for exactly, what other servers list, and what can't be told apart."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, fsum, isclose, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.errors import ModelError, UsageError
from mathagent.events import Choice
from mathagent.models import OpenAIServer
from mathagent.models.choices import by_text, read_listed
from mathagent.types import ChatInput, Message, ModelInput, Scores, TextInput
from tests.replay.server import ReplayServer

VERDICT = (" Yes", " No")
CHAT = ChatInput(
    (Message("user", "Is 2 + 2 = 5?"), Message("assistant", "Well.\nVerdict:")), continue_final=True
)
FRESH = ChatInput((Message("user", "Is 2 + 2 = 5?"),))
TEXT = TextInput("Question: is 2 + 2 = 5?\nVerdict:")


async def ask(server: ReplayServer, request: ModelInput, options: tuple[str, ...] = VERDICT) -> Scores:
    client = OpenAIServer(server.base_url)
    try:
        return await client.choose(request, options)
    finally:
        await client.aclose()


@pytest.mark.parametrize("request_", [CHAT, TEXT])
async def test_vllm_is_asked_for_exactly_the_options(
    replay: Callable[..., ReplayServer], request_: ModelInput
) -> None:
    """Also for one that is not among the likeliest tokens by far."""
    server = replay()
    server.state.think = lambda prompt: (
        {" Maybe": 0.5, " Yes": 0.3, " No": 1e-9} if prompt.endswith("Verdict:") else {}
    )
    scores = await ask(server, request_)
    assert scores.logprobs == pytest.approx((log(0.3), log(1e-9)))
    assert scores.exact == (True, True)
    assert scores.usage.completion == 1
    assert len(server.seen) == 1
    assert server.seen[0].body["temperature"] == 0
    assert len(server.seen[0].body["logprob_token_ids"]) == 2


@pytest.mark.parametrize(
    ("owner", "request_"), [("sglang", CHAT), ("llamacpp", CHAT), ("sglang", TEXT), ("", FRESH)]
)
async def test_other_servers_list_the_likeliest_and_the_rest_is_bounded(
    replay: Callable[..., ReplayServer], owner: str, request_: ModelInput
) -> None:
    server = replay(owner=owner)
    server.state.think = lambda prompt: {" Maybe": 0.5, " Yes": 0.3, " No": 1e-9}
    options = VERDICT if request_ is not FRESH else ("Yes", "No")
    scores = await ask(server, request_, options)
    assert scores.exact == (True, False)
    assert scores.logprobs[0] == pytest.approx(log(0.3))
    assert (
        log(1e-9) < scores.logprobs[1] <= log(0.2 / 40) + 1e-9
    )  # as likely as the least likely one of the list
    assert "logprob_token_ids" not in server.seen[0].body


async def test_options_that_begin_alike_are_refused(replay: Callable[..., ReplayServer]) -> None:
    server = replay()
    with pytest.raises(UsageError, match="' Yes it is' and ' Yes but' begin with the same token") as refused:
        await ask(server, CHAT, (" Yes it is", " Yes but"))
    assert "letters" in refused.value.hint
    with pytest.raises(UsageError, match="tokens do not part 'Verdict:No' from 'w'"):
        await ask(
            server, ChatInput((Message("user", "?"), Message("assistant", "Verdict:No")), True), ("w", " Yes")
        )
    assert not server.seen


async def test_a_server_that_tells_nothing_of_use(replay: Callable[..., ReplayServer]) -> None:
    server = replay(owner="sglang")
    server.state.think = lambda prompt: {}
    with pytest.raises(ModelError, match="none of 'Yes', 'No' is among the 20 likeliest tokens of replay"):
        await ask(server, CHAT)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"choices": []},
        {"choices": [{"logprobs": None}]},
        {"choices": [{"logprobs": {"content": []}}]},
    ],
)
def test_a_reply_without_log_probabilities_lists_nothing(answer: object) -> None:
    assert read_listed(answer) == {}


def test_tokens_known_as_text_stand_for_the_only_option_that_begins_so() -> None:
    listed = {
        "▁Yes": log(0.4),
        "Yes": log(0.1),
        "N": log(0.2),
        " ": log(0.1),
        "": log(0.05),
        "Yesterday": log(0.1),
    }
    yes, no = by_text(listed, (" Yes", " No"))
    assert yes is not None
    assert no is not None
    assert (exp(yes), exp(no)) == pytest.approx((0.5, 0.2))
    assert by_text({" A": -1.0, "B": -2.0}, (" AB", " AC")) == [None, None]


@given(st.lists(st.floats(-9999, 0), min_size=2, max_size=26))
def test_probabilities_sum_to_one_over_the_options(logprobs: list[float]) -> None:
    options = tuple(f" {n}" for n in range(len(logprobs)))
    choice = Choice("", options, tuple(logprobs), (True,) * len(logprobs))
    assert isclose(fsum(choice.probabilities), 1.0, abs_tol=1e-12)
    assert all(0 <= each <= 1 for each in choice.probabilities)
    assert choice.probabilities[choice.chosen] == max(choice.probabilities)
    assert 0 <= choice.mass <= 1
    assert choice.raw == options[choice.chosen]
