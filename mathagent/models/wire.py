"""What goes over the wire: request bodies for each kind of server, and chunks of a streamed reply read back.

Pure functions over plain JSON values. Not here: connections, retries, errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mathagent.types import ChatInput, Message, ModelInput, Sampling, TextInput, TokenUsage


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a kind of server takes beyond the common OpenAI fields.

    can_continue: it goes on in an unfinished assistant message.
    continue_flags: sent with such a request.
    sampling: which of our sampling fields beyond temperature, top_p and seed it takes -> its own name for them.
    keep_stop: sent so that the reply includes the stop string that ended it.
    usage_per_chunk: it can report token counts with every chunk, which makes them exact even for a cut stream.
    tokenizes: it has vLLM's /tokenize beside the OpenAI addresses.
    """

    can_continue: bool = False
    continue_flags: Mapping[str, Any] | None = None
    sampling: Mapping[str, str] | None = None
    keep_stop: Mapping[str, Any] | None = None
    usage_per_chunk: bool = False
    tokenizes: bool = False


_CONTINUE = {"continue_final_message": True, "add_generation_prompt": False}
_SAMPLING = {"top_k": "top_k", "min_p": "min_p", "repetition_penalty": "repetition_penalty"}

# By `owned_by` in the models list. Anything else gets the common fields only: hosted servers refuse unknown ones.
DIALECTS: Mapping[str, Dialect] = {
    "vllm": Dialect(True, _CONTINUE, _SAMPLING, {"include_stop_str_in_output": True}, True, True),
    "sglang": Dialect(True, {"continue_final_message": True}, _SAMPLING, {"no_stop_trim": True}, True),
    "llamacpp": Dialect(True, None, {**_SAMPLING, "repetition_penalty": "repeat_penalty"}),
}
PLAIN = Dialect()


def dialect_of(owner: str) -> Dialect:
    """The dialect of the server whose models list says `owned_by: owner`."""
    return DIALECTS.get(owner, PLAIN)


@dataclass(frozen=True, slots=True)
class Call:
    """One POST: the path under the base URL and the JSON body."""

    path: str
    body: dict[str, Any]


def build_call(
    request: ModelInput,
    sampling: Sampling,
    *,
    model: str,
    dialect: Dialect,
    stop: Sequence[str],
    max_tokens: int,
) -> Call:
    """Put a request into the server's words. `sampling.extra` is sent as it is and wins over everything else."""
    body: dict[str, Any] = {"model": model, "stream": True, "max_tokens": max_tokens}
    body["stream_options"] = {"include_usage": True}
    if dialect.usage_per_chunk:
        body["stream_options"]["continuous_usage_stats"] = True
    for name in ("temperature", "top_p", "seed"):
        if (value := getattr(sampling, name)) is not None:
            body[name] = value
    for name, theirs in (dialect.sampling or {}).items():
        if (value := getattr(sampling, name)) is not None:
            body[theirs] = value
    if stop:
        body |= {"stop": list(stop), **(dialect.keep_stop or {})}
    if isinstance(request, TextInput):
        body["prompt"] = request.prompt if isinstance(request.prompt, str) else list(request.prompt)
        return Call("/completions", body | dict(sampling.extra))
    body["messages"] = [_message(message) for message in request.messages]
    if request.continue_final:
        body |= dialect.continue_flags or {}
    return Call("/chat/completions", body | dict(sampling.extra))


def _message(message: Message) -> dict[str, str]:
    named = {"name": message.name} if message.name is not None else {}
    return {"role": message.role, "content": message.content, **named}


def continued(request: ModelInput, said: str) -> ModelInput:
    """The request that goes on after the model has said `said` in answer to this one."""
    if isinstance(request, TextInput):
        if not isinstance(request.prompt, str):
            raise TypeError("a prompt of token ids continues with token ids, not with text")
        return TextInput(request.prompt + said)
    messages = request.messages
    if request.continue_final:
        last = replace(messages[-1], content=messages[-1].content + said)
        return ChatInput((*messages[:-1], last), continue_final=True)
    return ChatInput((*messages, Message("assistant", said)), continue_final=True)


@dataclass(frozen=True, slots=True)
class Delta:
    """One chunk of a stream as the server sent it; `usage` counts from the request's start."""

    text: str = ""
    reasoning: str = ""
    finish: str | None = None
    stop_reason: str | int | None = None
    usage: TokenUsage | None = None


def read_delta(data: Any) -> Delta:
    """Read a chunk of either endpoint; unknown and missing fields are let pass."""
    if not isinstance(data, dict):
        return Delta()
    usage = read_usage(data.get("usage"))
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return Delta(usage=usage)
    choice = choices[0]
    delta = choice.get("delta") or {}
    return Delta(
        text=_whole(delta.get("content") or choice.get("text") or ""),
        # vLLM renamed the field; older versions and other servers still send the long name.
        reasoning=_whole(delta.get("reasoning") or delta.get("reasoning_content") or ""),
        finish=choice.get("finish_reason"),
        stop_reason=choice.get("stop_reason"),
        usage=usage,
    )


def _whole(text: str) -> str:
    """JSON can carry half of a surrogate pair, which nothing can print, store or send back."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read_usage(data: Any) -> TokenUsage | None:
    """Read a `usage` object; None where there is none."""
    if not isinstance(data, dict):
        return None
    details = data.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    return TokenUsage(int(data.get("prompt_tokens") or 0), int(data.get("completion_tokens") or 0), cached)
