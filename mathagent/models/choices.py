"""How likely a model would go on with each of a few options: one request of a token whose log-probabilities are read.

vLLM is asked for exactly the options' tokens (`logprob_token_ids`), by ids that its /tokenize gives; their numbers are
those of the model itself, before sampling and any mask. Other servers list the likeliest tokens, 20 at most: an option
that is not among them gets a bound. An option counts by its first token, so that no two may share it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import exp, fsum, log
from typing import Any

from mathagent.errors import ModelError, UsageError
from mathagent.models.wire import Call, Dialect, build_call, read_usage
from mathagent.types import ModelInput, Sampling, Scores, TextInput, TokenUsage

Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""Posts a body to a path under the base URL, or to a whole address, and gives the JSON back."""

Tokenize = Callable[[str], Awaitable[tuple[int, ...]]]
"""The token ids of a text."""

_LISTED = 20  # likeliest tokens that are asked for; OpenAI's and vLLM's own limit
_LISTED_BY_STRANGERS = 5  # by completions of hosted servers
_LOWEST = -9999.0  # vLLM's own stand-in for minus infinity, which JSON can't hold
_ID = "token_id:"  # how vLLM writes a token by its id


async def score_options(
    request: ModelInput,
    options: Sequence[str],
    *,
    model: str,
    dialect: Dialect,
    ask: Ask,
    tokenize: Tokenize,
) -> Scores:
    """Score the options. See `ModelClient.choose`.

    Args:
        request: what stands before them.
        options: texts, as they would follow.
        model: its name at the endpoint.
        dialect: of its server.
        ask: makes a request.
        tokenize: asked on servers that have it.
    """
    ids: list[int] = []
    if dialect.tokenizes:
        ids = await _first_ids(_last_line(request), options, tokenize)
    call = _call(request, ids, model=model, dialect=dialect)
    answer = await ask(call.path, call.body)
    listed = read_listed(answer)
    if not listed:
        raise ModelError(
            f"the server gives no log-probabilities for {model}", "a verdict is read from them: use vLLM"
        )
    found = [listed.get(f"{_ID}{id}") for id in ids] if ids else []
    if all(each is None for each in found):  # a server that writes tokens as text all the same
        found = by_text(listed, options)
    if all(each is None for each in found):
        words = ", ".join(repr(option.strip()) for option in options)
        raise ModelError(
            f"none of {words} is among the {len(listed)} likeliest tokens of {model}",
            "a prompt of your own may lead the model to them, or vLLM tells their probabilities",
        )
    bound = _bound(listed)
    return Scores(
        tuple(max(_LOWEST, bound if each is None else each) for each in found),
        tuple(each is not None for each in found),
        read_usage(answer.get("usage")) or TokenUsage(completion=1, exact=False),
    )


def read_listed(answer: Any) -> dict[str, float]:
    """The tokens that a reply lists for its first place, and their log-probabilities; {} where it lists none."""
    try:
        logprobs = answer["choices"][0]["logprobs"]
        if content := logprobs.get("content"):
            entries = [content[0], *(content[0].get("top_logprobs") or ())]
            pairs = [(entry["token"], entry["logprob"]) for entry in entries]
        else:
            first = list(zip(logprobs["tokens"][:1], logprobs["token_logprobs"][:1], strict=False))
            pairs = [*first, *((logprobs.get("top_logprobs") or [{}])[0] or {}).items()]
    except (AttributeError, IndexError, KeyError, TypeError):
        return {}
    return {str(token): float(value) for token, value in pairs if isinstance(value, int | float)}


def by_text(listed: Mapping[str, float], options: Sequence[str]) -> list[float | None]:
    """The log-probability of each option among tokens that are known as text only; None for one that is not listed.

    A token stands for an option that begins with it, if no other option does. Where the reply begins, the tokenizer's
    own space may stand before it or be missing.
    """
    plain = [option.strip() for option in options]
    found: list[float | None] = []
    for own in plain:
        others = [each for each in plain if each != own]
        values = [
            value
            for token, value in listed.items()
            if (text := token.replace("▁", " ").strip())
            and own.startswith(text)
            and not any(other.startswith(text) for other in others)
        ]
        total = fsum(map(exp, values))
        found.append(log(total) if total > 0 else None)
    return found


def _call(request: ModelInput, ids: Sequence[int], *, model: str, dialect: Dialect) -> Call:
    """One token, drawn greedily and thrown away, with the log-probabilities of its place."""
    call = build_call(
        request,
        Sampling(temperature=0),
        model=model,
        dialect=dialect,
        stop=(),
        max_tokens=1,
        whole=True,
    )
    if isinstance(request, TextInput):
        call.body["logprobs"] = _LISTED if dialect.can_continue else _LISTED_BY_STRANGERS
    else:
        call.body.update(logprobs=True, top_logprobs=_LISTED)
    if ids:
        call.body.update(logprob_token_ids=list(ids), return_tokens_as_token_ids=True)
    return call


async def _first_ids(line: str, options: Sequence[str], tokenize: Tokenize) -> list[int]:
    """The id of each option's first token after a line.

    Tokenized with the line before it: alone it might get a space that it does not have there.
    """
    before = await tokenize(line)
    found = []
    for option in options:
        ids = await tokenize(line + option)
        if ids[: len(before)] != before or len(ids) == len(before):
            raise UsageError(
                f"the model's tokens do not part {line.strip()!r} from {option!r}",
                "end the lead of a choice without a space, and begin its options with one",
            )
        found.append(ids[len(before)])
    for place, id in enumerate(found):
        if id in found[:place]:
            one, other = options[found.index(id)], options[place]
            raise UsageError(
                f"the options {one!r} and {other!r} begin with the same token of this model",
                "choose options that differ in their first token, letters say, in a prompt of your own",
            )
    return found


def _last_line(request: ModelInput) -> str:
    """What the options stand after, from the last line's beginning; a new turn begins a line."""
    if isinstance(request, TextInput):
        if not isinstance(request.prompt, str):
            raise TypeError("a choice needs its prompt as text")
        text = request.prompt
    else:
        text = request.messages[-1].content if request.continue_final else "\n"
    return text[max(0, text.rfind("\n")) :] or "\n"


def _bound(listed: Mapping[str, float]) -> float:
    """The highest log-probability that a token may have which is not listed."""
    rest = 1.0 - fsum(exp(value) for value in listed.values())
    return min(*listed.values(), log(rest) if rest > 1e-12 else log(1e-12))
