"""`mathagent solve --dry-run`: the exact first request for a problem, without sending it."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator, Sequence
from typing import NoReturn

from mathagent.cli.failures import notice
from mathagent.cli.machine import write_json
from mathagent.errors import ModelError, UsageError
from mathagent.fitting import fit
from mathagent.loop import Rollout
from mathagent.models import OpenAIServer
from mathagent.models.openai_server import normalize_url
from mathagent.models.wire import Call, build_call, dialect_of
from mathagent.serving import running_server
from mathagent.settings import Settings
from mathagent.types import Chunk, Message, ModelInfo, ModelInput, Reward, Rewards, Sampling, Scores


async def dry_run(problem: str, settings: Settings, *, as_json: bool) -> None:
    """Print the path and the body of the first request; with `as_json` the body alone, in one line.

    An endpoint that is given, or a server of ours that runs, is asked for its model list; a model that is only named
    needs no server at all. Raises UsageError where there is neither, ModelError where the endpoint does not answer.
    """
    url, info = await _model(settings)
    call = await first_request(problem, info, settings)
    if not as_json:
        sys.stdout.write(f"POST {url}{call.path}\n")
    write_json(call.body, indent=None if as_json else 2)


async def first_request(problem: str, info: ModelInfo, settings: Settings) -> Call:
    """What the loop itself would send first."""
    chosen = fit(info, settings)
    for line in chosen.notices:
        notice(line)
    messages = chosen.prompt.messages(problem, executions=chosen.limits.executions)
    model = _Capture(info)
    rollout = Rollout(
        chosen.prompt.task(messages, chosen.sampling),
        model=model,
        protocol=chosen.wire,
        executor=_NoKernel(),
        limits=chosen.limits,
    )
    async for _ in rollout.events():
        pass
    assert model.call is not None
    return model.call


async def _model(settings: Settings) -> tuple[str, ModelInfo]:
    """The base URL, or what stands for it, and what is known of the model."""
    url, key, name = settings.base_url or os.environ.get("OPENAI_BASE_URL"), settings.api_key, settings.model
    if not url and name is not None:
        notice(f"no endpoint is given: {name} is taken to be served by vLLM")
        return "/v1", ModelInfo(name, None, "vllm", True, name)
    if not url:
        server = running_server()
        if server is None:
            raise UsageError(
                "no model to make a request for", "name one with --model, or an endpoint with --base-url"
            )
        url, key, name = server.base_url, server.api_key, server.model
    client = OpenAIServer(url, key, name, on_retry=notice)
    try:
        return normalize_url(url), await client.describe()
    finally:
        await client.aclose()


class _Capture:
    """A model client that keeps the first call and sends nothing."""

    def __init__(self, info: ModelInfo) -> None:
        self._info = info
        self.call: Call | None = None

    async def describe(self) -> ModelInfo:
        return self._info

    async def stream(
        self, request: ModelInput, sampling: Sampling, *, stop: Sequence[str], max_tokens: int
    ) -> AsyncGenerator[Chunk, None]:
        self.call = build_call(
            request,
            sampling,
            model=self._info.id,
            dialect=dialect_of(self._info.owner),
            stop=stop,
            max_tokens=max_tokens,
        )
        raise ModelError("a dry run sends nothing")
        yield Chunk()

    async def choose(self, request: ModelInput, options: Sequence[str]) -> Scores:
        raise ModelError("a dry run sends nothing")

    async def reward(self, messages: Sequence[Message], reward: Reward, places: int) -> Rewards:
        raise ModelError("a dry run sends nothing")

    async def aclose(self) -> None:
        pass


class _NoKernel:
    """An executor that is never asked: no code comes of a request that is not sent."""

    async def execute(self, *_: object, **__: object) -> NoReturn:
        raise AssertionError("a dry run runs no code")

    async def interrupt(self) -> None:
        pass
