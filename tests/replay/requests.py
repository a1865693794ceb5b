"""Requests checked as vLLM checks them: what it answers 400 is an `ApiError` here, with its wording where known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.replay.recording import Conversation
from tests.replay.state import State
from tests.replay.tokens import tokenize


class ApiError(Exception):
    """An answer that is an error object."""

    def __init__(
        self, status: int, message: str, type_: str = "BadRequestError", param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": type_, "param": param, "code": status}}


@dataclass(frozen=True)
class Job:
    """A checked request: what to say after which prompt, under which limits."""

    model: str
    prompt_tokens: list[str]
    scripts: list[tuple[str, bool]]
    stop: list[str]
    include_stop: bool
    max_tokens: int
    stream: bool
    include_usage: bool
    usage_per_chunk: bool
    chat: bool
    tools: bool = False
    one_call: bool = False
    logprobs: bool = False


def read_request(state: State, body: dict[str, Any], *, chat: bool, play: bool = True) -> Job:
    """Check a body and, with `play`, look up what to say. Raises ApiError."""
    model = body.get("model", state.settings.models[0])
    if model not in state.settings.models:
        raise ApiError(404, f"The model `{model}` does not exist.", "NotFoundError", "model")
    prompt, conversation = _read_chat(state, body) if chat else _read_prompt(state, body)
    tokens = tokenize(prompt)
    max_tokens = _limit(state, body, len(tokens), chat=chat)
    stop = body.get("stop") or []
    stop = [stop] if isinstance(stop, str) else stop
    options = body.get("stream_options") or {}
    return Job(
        model=model,
        prompt_tokens=tokens,
        scripts=_scripts(state, body, conversation) if play else [],
        stop=stop,
        include_stop=bool(body.get("include_stop_str_in_output")),
        max_tokens=max_tokens,
        stream=bool(body.get("stream")),
        include_usage=state.settings.usage and bool(options.get("include_usage")),
        usage_per_chunk=state.settings.usage and bool(options.get("continuous_usage_stats")),
        chat=chat,
        tools=bool(body.get("tools")),
        one_call=body.get("parallel_tool_calls") is False,
        logprobs=state.settings.logprobs and body.get("logprobs") not in (None, False),
    )


def _read_chat(state: State, body: dict[str, Any]) -> tuple[str, Conversation | None]:
    messages = body.get("messages")
    if not messages:
        raise ApiError(400, "messages: Field required", param="messages")
    owner = state.settings.owner  # SGLang wants one flag, llama.cpp none
    goes_on = body.get("continue_final_message", owner == "llamacpp" and messages[-1]["role"] == "assistant")
    new_turn = body.get("add_generation_prompt", owner == "vllm")
    if goes_on and new_turn:
        message = "`continue_final_message` and `add_generation_prompt` set to True are not compatible."
        raise ApiError(400, message)
    if body.get("tools") and not state.settings.tool_parser:
        flags = "--enable-auto-tool-choice and --tool-call-parser"
        raise ApiError(400, f'"auto" tool choice requires {flags} to be set')
    rendered = [f"<|im_start|>{message['role']}\n{_content(message)}" for message in messages]
    if goes_on and messages[-1]["role"] != "assistant":
        raise ApiError(400, "continue_final_message is set but the final message is not the assistant's")
    prompt = "<|im_end|>\n".join(rendered)
    if not goes_on:
        prompt += "<|im_end|>\n<|im_start|>assistant\n"
    return prompt, state.library.read_chat(messages)


def _content(message: dict[str, Any]) -> str:
    """A message as a chat template writes it: thinking, text, calls."""
    calls = [f"\n{call['function']}" for call in message.get("tool_calls") or ()]
    return f"{message.get('reasoning') or ''}{message['content'] or ''}{''.join(calls)}"


def _read_prompt(state: State, body: dict[str, Any]) -> tuple[str, Conversation | None]:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and all(isinstance(item, int) for item in prompt):
        prompt = state.vocabulary.decode(prompt)
    if not isinstance(prompt, str) or not prompt:
        raise ApiError(400, "prompt: Field required, one string or one list of token ids", param="prompt")
    return prompt, state.library.read_prompt(prompt)


def _limit(state: State, body: dict[str, Any], prompt_tokens: int, *, chat: bool) -> int:
    longest = state.settings.max_model_len
    if prompt_tokens > longest - 1:
        message = (
            f"This model's maximum context length is {longest} tokens. However, your prompt contains at least "
            f"{prompt_tokens} input tokens. Please reduce the length of the input prompt."
        )
        raise ApiError(400, message, param="input_tokens")
    asked = body.get("max_completion_tokens") or body.get("max_tokens")
    if asked is None:
        asked = longest if chat and body.get("max_tokens") is None else 16
    if asked < 1 or body.get("max_tokens") == 0:
        raise ApiError(400, f"max_tokens must be at least 1, got {asked}.", param="max_tokens")
    return int(min(asked, longest - prompt_tokens))


def _scripts(state: State, body: dict[str, Any], conversation: Conversation | None) -> list[tuple[str, bool]]:
    count, temperature = body.get("n") or 1, body.get("temperature", 1.0)
    if temperature is not None and temperature < 0:
        raise ApiError(400, f"temperature must be non-negative, got {temperature}.", param="temperature")
    if count > 1 and temperature == 0:
        raise ApiError(400, "n must be 1 when using greedy sampling, got " + str(count) + ".", param="n")
    if conversation is None:
        if state.settings.fallback is None:
            raise ApiError(400, "no recording is about the problem in this request", "NoRecording")
        return [(state.settings.fallback, False)] * count
    seed = body.get("seed")
    seeds = [None if seed is None else seed + i for i in range(count)]
    return [state.library.next_text(conversation, each) for each in seeds]
