"""What goes over the wire: request bodies for each kind of server, and chunks of a streamed reply read back.

Pure functions over plain JSON values. Not here: connections, retries, errors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mathagent.types import CallDelta, Logprobs, Message, ModelInput, Sampling, TextInput, TokenUsage


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a kind of server takes beyond the common OpenAI fields.

    can_continue: it goes on in an unfinished assistant message.
    continue_flags: sent with such a request.
    sampling: which of our sampling fields beyond temperature, top_p and seed it takes -> its own name for them.
    keep_stop: sent so that the reply includes the stop string that ended it.
    usage_per_chunk: it can report token counts with every chunk, which makes them exact even for a cut stream.
    tokenizes: it has vLLM's /tokenize beside the OpenAI addresses.
    special_tokens: sent so that special tokens stand in the text of a completion.
    one_call: sent with tools so that the model calls one at a time.
    reasoning: its name for the thinking of an earlier message; "" where it takes none back.
    """

    can_continue: bool = False
    continue_flags: Mapping[str, Any] | None = None
    sampling: Mapping[str, str] | None = None
    keep_stop: Mapping[str, Any] | None = None
    usage_per_chunk: bool = False
    tokenizes: bool = False
    special_tokens: Mapping[str, Any] | None = None
    one_call: Mapping[str, Any] | None = None
    reasoning: str = ""


_CONTINUE = {"continue_final_message": True, "add_generation_prompt": False}
_SAMPLING = {"top_k": "top_k", "min_p": "min_p", "repetition_penalty": "repetition_penalty"}
_SPECIAL = {"skip_special_tokens": False, "spaces_between_special_tokens": False}
_ONE_CALL = {"parallel_tool_calls": False}

# By `owned_by` in the models list. Anything else gets the common fields only: hosted servers refuse unknown ones.
DIALECTS: Mapping[str, Dialect] = {
    "vllm": Dialect(
        can_continue=True,
        continue_flags=_CONTINUE,
        sampling=_SAMPLING,
        keep_stop={"include_stop_str_in_output": True},
        usage_per_chunk=True,
        tokenizes=True,
        special_tokens=_SPECIAL,
        one_call=_ONE_CALL,
        reasoning="reasoning",  # "reasoning_content" before 0.11
    ),
    "sglang": Dialect(
        can_continue=True,
        continue_flags={"continue_final_message": True},
        sampling=_SAMPLING,
        keep_stop={"no_stop_trim": True},
        usage_per_chunk=True,
        special_tokens=_SPECIAL,
        one_call=_ONE_CALL,
        reasoning="reasoning_content",
    ),
    "llamacpp": Dialect(
        can_continue=True,
        sampling={**_SAMPLING, "repetition_penalty": "repeat_penalty"},
        one_call=_ONE_CALL,
        reasoning="reasoning_content",
    ),
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
    whole: bool = False,
    logprobs: bool = False,
) -> Call:
    """Put a request into the server's words. `sampling.extra` is sent as it is and wins over everything else.

    whole: ask for the reply in one piece, not as a stream. logprobs: ask for those of the tokens that were drawn.
    """
    body: dict[str, Any] = {"model": model, "max_tokens": max_tokens}
    if not whole:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
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
        if request.special_tokens:
            body |= dialect.special_tokens or {}
        if logprobs:
            body["logprobs"] = 1  # and the most likely one beside it: llama.cpp takes 0 for none
        return Call("/completions", body | dict(sampling.extra))
    body["messages"] = [_message(message, dialect) for message in request.messages]
    if logprobs:
        body["logprobs"] = True
    if request.continue_final:
        body |= dialect.continue_flags or {}
    if request.tools:
        body |= {"tools": [dict(tool) for tool in request.tools], **(dialect.one_call or {})}
    return Call("/chat/completions", body | dict(sampling.extra))


def _message(message: Message, dialect: Dialect) -> dict[str, Any]:
    sent: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.name is not None:
        sent["name"] = message.name
    if message.calls:
        sent["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
    if message.call_id is not None:
        sent["tool_call_id"] = message.call_id
    if message.reasoning and dialect.reasoning:
        sent[dialect.reasoning] = message.reasoning
    return sent


def continued(request: ModelInput, said: str) -> ModelInput:
    """The request that goes on after the model has said `said` in answer to this one."""
    if isinstance(request, TextInput):
        if not isinstance(request.prompt, str):
            raise TypeError("a prompt of token ids continues with token ids, not with text")
        return replace(request, prompt=request.prompt + said)
    messages = request.messages
    if request.continue_final:
        last = replace(messages[-1], content=messages[-1].content + said)
        return replace(request, messages=(*messages[:-1], last))
    return replace(request, messages=(*messages, Message("assistant", said)), continue_final=True)


@dataclass(frozen=True, slots=True)
class Delta:
    """One chunk of a stream as the server sent it; `usage` counts from the request's start, `logprobs` are its own."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[CallDelta, ...] = ()
    finish: str | None = None
    stop_reason: str | int | None = None
    usage: TokenUsage | None = None
    logprobs: Logprobs | None = None


def read_delta(data: Any) -> Delta:
    """Read a chunk of either endpoint, or a whole reply; unknown and missing fields are let pass."""
    if not isinstance(data, dict):
        return Delta()
    usage = read_usage(data.get("usage"))
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return Delta(usage=usage)
    choice = choices[0]
    delta = choice.get("delta") or choice.get("message") or {}
    content = delta.get("content") or choice.get("text")
    # vLLM renamed the field; older versions and other servers still send the long name.
    thinking = delta.get("reasoning") or delta.get("reasoning_content")
    return Delta(
        text=_text(content, "text"),
        reasoning=_text(thinking, "text")
        or (_text(content, "thinking") if isinstance(content, list) else ""),
        calls=_read_calls(delta.get("tool_calls")),
        finish=choice.get("finish_reason"),
        stop_reason=choice.get("stop_reason"),
        usage=usage,
        logprobs=_read_logprobs(choice.get("logprobs")),
    )


def _read_logprobs(data: Any) -> Logprobs | None:
    """Those of the tokens drawn: chat's list of objects (llama.cpp's for completions too), or completions' list."""
    if not isinstance(data, dict):
        return None
    content, values = data.get("content"), data.get("token_logprobs")
    if isinstance(content, list):
        values = [entry.get("logprob") for entry in content if isinstance(entry, dict)]
    if not isinstance(values, list):
        return None
    # No probability is above 1; a server that rounds may say so by a hair.
    found = [min(0.0, each) for each in values if isinstance(each, int | float) and math.isfinite(each)]
    return Logprobs(math.fsum(found), len(found)) if found else None


def _text(content: Any, kind: str) -> str:
    """Text that is given as such or, as Mistral's endpoint does, in parts of several kinds."""
    if isinstance(content, list):
        parts = (
            part[kind]
            for part in content
            if isinstance(part, dict) and part.get("type") == kind and kind in part
        )
        return "".join(_text(part, "text") for part in parts)
    return _whole(content) if isinstance(content, str) else ""


def _read_calls(data: Any) -> tuple[CallDelta, ...]:
    """Read pieces of tool calls; a whole call is one piece, and an index that is left out is the place."""
    calls = []
    for place, piece in enumerate(data if isinstance(data, list) else ()):
        if not isinstance(piece, dict):
            continue
        index, function = piece.get("index"), piece.get("function")
        function = function if isinstance(function, dict) else {}
        arguments = function.get("arguments") or ""
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments)
        calls.append(
            CallDelta(
                index=index if isinstance(index, int) else place,
                id=str(piece.get("id") or ""),
                name=str(function.get("name") or ""),
                arguments=_whole(arguments),
            )
        )
    return tuple(calls)


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
