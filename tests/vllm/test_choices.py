"""Verdicts on the real thing: probabilities that sum to one, and log-probabilities that a second call confirms."""

from __future__ import annotations

import json
import urllib.request
from math import exp, fsum
from typing import Any

import pytest

from mathagent.events import Choice, Request
from mathagent.limits import Limits
from mathagent.loop import Rollout
from mathagent.models import OpenAIServer
from mathagent.prompts import find_prompt
from mathagent.protocols import protocol
from mathagent.serving import ServerState
from mathagent.types import Sampling, TextInput

pytestmark = pytest.mark.vllm

SOLUTION = "Tom had 5 apples.\n\nHe bought 7 more, which makes 5 + 7 = 12.\n\nThe answer is \\boxed{12}."
PROBLEM = "Tom has 5 apples and buys 7 more. How many apples does he have?"


def post(server: ServerState, path: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        server.base_url.removesuffix("/v1") + path,
        json.dumps({"model": server.model, **body}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {server.api_key}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        read: dict[str, Any] = json.load(answer)
    return read


@pytest.mark.parametrize("name", ["outcome", "process", "pairwise", "select"])
async def test_a_verdict_is_what_the_model_gives_its_words(vllm_server: ServerState, name: str) -> None:
    """Each option is put after the very text that was judged, and the server echoes its log-probability."""
    given = {"solution": SOLUTION, "first": SOLUTION, "second": "It is \\boxed{35}."}
    given |= {
        "solutions": f"<solution A>\n{SOLUTION}\n</solution>\n\n<solution B>\nNo idea.\n</solution>",
        "count": "2",
    }
    prompt = find_prompt(name)
    messages = prompt.messages(PROBLEM, given)
    task = prompt.task(messages, Sampling(), given)
    client = OpenAIServer(vllm_server.base_url, vllm_server.api_key, vllm_server.model)
    rollout = Rollout(task, model=client, protocol=protocol("cot"), executor=None, limits=Limits())  # type: ignore[arg-type]
    try:
        events = [event async for event in rollout.events()]
    finally:
        await client.aclose()
    choices = [event for event in events if isinstance(event, Choice)]
    assert len(choices) == len(task.questions) == (3 if name == "process" else 1)
    if name == "process":  # the text that all steps share came from the prefix cache
        later = [event for event in events if isinstance(event, Request)][1:]
        assert all((each.usage.cached or 0) / each.usage.prompt > 0.7 for each in later)
    said = ""
    chat = [{"role": each.role, "content": each.content} for each in messages]
    for choice in choices:
        assert all(choice.exact)
        assert fsum(choice.probabilities) == pytest.approx(1, abs=1e-9)
        assert 0 < choice.mass <= 1
        weights = [exp(each) for each in choice.logprobs]
        assert choice.probabilities == pytest.approx([each / fsum(weights) for each in weights])
        for option, logprob in zip(choice.options, choice.logprobs, strict=True):
            reply = {"role": "assistant", "content": said + choice.lead + option}
            flags = {"continue_final_message": True, "add_generation_prompt": False}
            echoed = post(
                vllm_server,
                "/v1/chat/completions",
                {"messages": [*chat, reply], **flags, "max_tokens": 1, "prompt_logprobs": 0},
            )["prompt_logprobs"][-1]
            ((_, last),) = echoed.items()
            assert last["decoded_token"] == option
            assert logprob == pytest.approx(last["logprob"], abs=2e-3)
        said += choice.raw


async def test_a_rendered_prompt_too(vllm_server: ServerState) -> None:
    text = f"Question: {PROBLEM}\nAnswer: 12\nVerdict:"
    client = OpenAIServer(vllm_server.base_url, vllm_server.api_key, vllm_server.model)
    try:
        scores = await client.choose(TextInput(text), (" Yes", " No"))
    finally:
        await client.aclose()
    for option, logprob in zip((" Yes", " No"), scores.logprobs, strict=True):
        body = {"prompt": text + option, "echo": True, "logprobs": 0, "max_tokens": 1}
        echoed = post(vllm_server, "/v1/completions", body)["choices"][0]["logprobs"]
        place = echoed["text_offset"].index(len(text))
        assert echoed["tokens"][place] == option
        assert logprob == pytest.approx(echoed["token_logprobs"][place], abs=2e-3)
