"""Log-probabilities of the next token, as vLLM answers them, out of what a test says the model thinks.

A request is a choice if it asks for one token and its log-probabilities. `State.think` is then called with the whole
rendered prompt and gives words and their probabilities; what is missing to one goes to tokens nobody asks for.
"""

from __future__ import annotations

from math import log
from typing import Any

from tests.replay.requests import ApiError, Job
from tests.replay.state import State

Json = dict[str, Any]
_LOWEST = -9999.0


def is_choice(body: Json) -> bool:
    """Whether a request wants the probabilities of several tokens for one place."""
    wanted = body.get("top_logprobs") if "messages" in body else body.get("logprobs")
    return body.get("max_tokens") == 1 and isinstance(wanted, int) and wanted > 1


def check_choice(body: Json, *, chat: bool) -> None:
    """What vLLM refuses of such a request. Raises ApiError."""
    wanted = body.get("top_logprobs" if chat else "logprobs") or 0
    if wanted > 20:
        raise ApiError(400, f"Requested sample logprobs of {wanted}, which is greater than max allowed: 20")


def logprobs_of(state: State, job: Job, body: Json, *, chat: bool) -> tuple[str, Json]:
    """The token that is drawn (greedily), and the `logprobs` object."""
    think = state.think or (lambda prompt: {})
    thoughts = {word: share for word, share in think("".join(job.prompt_tokens)).items() if share > 0}
    rest = max(0.0, 1.0 - sum(thoughts.values()))
    listed = {word: log(share) for word, share in thoughts.items()}
    if rest > 0:
        listed |= {f" other{n}": log(rest / 40) for n in range(40)}
    drawn = max(listed, key=lambda word: listed[word])
    by_id = body.get("return_tokens_as_token_ids")

    def name(token: str) -> str:
        return f"token_id:{state.vocabulary.encode(token)[0]}" if by_id else token

    if (wanted := body.get("logprob_token_ids")) and state.settings.owner == "vllm":
        tokens = [drawn, *(state.vocabulary.decode([id]) for id in wanted)]
    else:
        many = body.get("top_logprobs" if chat else "logprobs")
        tokens = sorted(listed, key=lambda word: -listed[word])[:many]
    values = {name(token): listed.get(token, _LOWEST) for token in tokens}
    if chat:
        top = [{"token": token, "logprob": value, "bytes": None} for token, value in values.items()]
        first = {"token": name(drawn), "logprob": listed[drawn], "bytes": None, "top_logprobs": top}
        return drawn, {"content": [first]}
    return drawn, {
        "tokens": [name(drawn)],
        "token_logprobs": [listed[drawn]],
        "top_logprobs": [values],
        "text_offset": [0],
    }
