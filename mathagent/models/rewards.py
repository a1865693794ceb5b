"""What a reward model says of a finished conversation, by vLLM's pooling endpoints, which lie beside /v1.

`/classify` gives a conversation one row of numbers, `/pooling` with the task `token_classify` one for each token, or
for each step where the server knows the token that ends one. They are asked for before any activation, so that what a
probability is made of does not depend on how the server was started. Shapes: vLLM 0.32,
`vllm/entrypoints/pooling/{classify,pooling}/protocol.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Any

from mathagent.errors import ModelError
from mathagent.models.choices import Ask
from mathagent.models.wire import read_usage
from mathagent.types import Message, Reward, Rewards, TokenUsage


async def read_rewards(
    messages: Sequence[Message], reward: Reward, places: int, *, model: str, root: str, ask: Ask
) -> Rewards:
    """Ask for the rewards. See `ModelClient.reward`.

    Args:
        messages: a conversation that ends with the assistant's.
        reward: the kind of reward model.
        places: how many scores are wanted: the steps of a solution, or 1.
        model: its name at the endpoint.
        root: the server's address, without /v1.
        ask: makes a request.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": each.role, "content": each.content} for each in messages],
        "use_activation": False,
    }
    if reward.task == "classify":
        answer = await ask(f"{root}/classify", body)
        rows = [_of_first(answer, "probs")]
    else:
        answer = await ask(f"{root}/pooling", {**body, "task": reward.task})
        rows = _of_first(answer, "data")
    if reward.step_tag is None:
        rows = rows[-1:]  # the last token has seen all
    elif len(rows) != places:
        tokens = await ask(f"{root}/tokenize", {**body, "add_generation_prompt": False})
        ids = tokens["tokens"]
        rows = [row for row, id in zip(rows, ids, strict=False) if id == reward.step_tag]
    if len(rows) != places:
        raise ModelError(
            f"{model} gives {len(rows)} scores for {places} steps",
            "is it a process reward model, and does the prompt end each step in its step tag?",
        )
    usage = read_usage(answer.get("usage")) or TokenUsage(exact=False)
    return Rewards(tuple(_probability(row, model) for row in rows), usage)


def _of_first(answer: Any, name: str) -> list[Any]:
    try:
        found = answer["data"][0][name]
    except (IndexError, KeyError, TypeError):
        found = None
    if not isinstance(found, list) or not found:
        raise ModelError("the server's answer holds no scores", "is a reward model served there?")
    return found


def _probability(row: Any, model: str) -> float:
    """One number is a logit (Bradley-Terry); of two the second label is "right", as in Qwen2.5-Math-PRM."""
    values = [row] if isinstance(row, int | float) else row
    if not 1 <= len(values) <= 2:
        raise ModelError(
            f"{model} gives {len(values)} numbers for a score", "a reward model gives one or two"
        )
    logit = values[0] if len(values) == 1 else values[1] - values[0]
    return 1 / (1 + exp(-logit)) if logit >= 0 else exp(logit) / (1 + exp(logit))
