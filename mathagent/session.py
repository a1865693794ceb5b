"""Put the parts together: a model at an endpoint, its prompt and protocol, a pool of kernels.

The command line opens a session, then asks it for rollouts (`mathagent.loop`) and their recorders.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kernels_sandbox import KernelPool, Policy
from mathagent.executor import Executor
from mathagent.fitting import fit
from mathagent.limits import Limits
from mathagent.loop import Rollout
from mathagent.models import OpenAIServer
from mathagent.prompts import Prompt
from mathagent.protocols import WireProtocol
from mathagent.serving import ensure_embedded, running_server
from mathagent.settings import Settings
from mathagent.trace.recorder import Recorder
from mathagent.trace.schema import ProblemRecord, SandboxRecord
from mathagent.types import Message, ModelClient, ModelInfo, Sampling


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is, and the key it asks for. `demo`: it is the embedded demonstration model."""

    base_url: str
    model: str | None
    api_key: str | None = None
    demo: bool = False


class Session:
    """An open session; made by `open_session`.

    Args:
        settings: what the person asked for.
        endpoint: where the model is.
        pool: where its code runs.
        progress: takes lines about what takes time, and about what was chosen.

    Attributes (after `use_model`): info, what the endpoint says of the model; prompt, wire (the protocol), sampling
    and limits, the choices that hold. `limits` may be replaced between rollouts.
    """

    info: ModelInfo
    prompt: Prompt
    wire: WireProtocol
    sampling: Sampling
    limits: Limits
    versions: dict[str, str]

    def __init__(
        self, settings: Settings, endpoint: Endpoint, pool: KernelPool, progress: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._progress = progress
        self._client: OpenAIServer | None = None
        self.endpoint = endpoint
        self.pool = pool

    async def use_model(self, name: str | None) -> None:
        """Ask the endpoint for a model (None: its only one), and choose what fits it. Raises MathAgentError."""
        client = OpenAIServer(self.endpoint.base_url, self.endpoint.api_key, name, on_retry=self._progress)
        try:
            info = await client.describe()
            chosen = fit(info, self._settings)
            versions = await client.versions()
        except BaseException:
            await client.aclose()
            raise
        await self.aclose()
        self._client, self.info, self.versions = client, info, versions
        self.prompt, self.wire = chosen.prompt, chosen.wire
        self.sampling, self.limits = chosen.sampling, chosen.limits
        for line in chosen.notices:
            self._progress(line)

    def messages(self, problem: str, given: Mapping[str, str] | None = None) -> tuple[Message, ...]:
        """The messages of the prompt for a problem, and for what its role is given beside it."""
        return self.prompt.messages(problem, given, executions=self.limits.executions)

    def rollout(
        self,
        messages: tuple[Message, ...],
        executor: Executor,
        *,
        given: Mapping[str, str] | None = None,
        model: ModelClient | None = None,
        sampling: Sampling | None = None,
    ) -> Rollout:
        """A reply to these messages, which were made of `given`, by another client of the same model if it is given."""
        assert self._client is not None
        task = self.prompt.task(messages, sampling or self.sampling, given)
        model = model or self._client
        return Rollout(task, model=model, protocol=self.wire, executor=executor, limits=self.limits)

    def recorder(
        self, problem: ProblemRecord, *, sampling: Sampling | None = None, endpoint: str | None = None
    ) -> Recorder:
        """The recorder of a rollout's trace; `sampling` and `endpoint` as given to that rollout."""
        isolation = self.pool.isolation
        layers = {name: layer.ok for name, layer in isolation.layers.items()}
        return Recorder(
            problem=problem,
            endpoint=endpoint or self.endpoint.base_url,
            demo=self.endpoint.demo,
            prompt=(self.prompt.name, self.prompt.sha256),
            mode=self.prompt.settings.mode,
            protocol=self.wire.name,
            sampling=sampling or self.sampling,
            limits=self.limits,
            sandbox=SandboxRecord(level=isolation.level, layers=layers),
            versions=self.versions,
        )

    async def aclose(self) -> None:
        """Close the connections to the model's server."""
        if self._client is not None:
            await self._client.aclose()


async def find_endpoint(settings: Settings, progress: Callable[[str], None]) -> Endpoint:
    """The endpoint: as asked for, or from the environment, or the running server, or the embedded model, started.

    Raises ServerError where the embedded model is not installed or does not start.
    """
    base_url = settings.base_url or os.environ.get("OPENAI_BASE_URL")
    if base_url:
        return Endpoint(base_url, settings.model, settings.api_key)
    server = running_server() or await ensure_embedded(progress)
    return Endpoint(server.base_url, settings.model or server.model, server.api_key, server.demo)


@asynccontextmanager
async def open_session(settings: Settings, progress: Callable[[str], None]) -> AsyncIterator[Session]:
    """Open a session and close all of it again.

    Args:
        settings: what the person asked for.
        progress: takes lines about what takes time (a server that starts, a retry).

    Raises MathAgentError, and kernels_sandbox.SandboxError where kernels can't run as isolated as asked for.
    """
    endpoint = await find_endpoint(settings, progress)
    policy = Policy(
        cell_seconds=settings.limits.cell_seconds, memory_mb=settings.memory_mb, min_level=settings.isolation
    )
    async with KernelPool(policy, warm=settings.warm if settings.mode == "tir" else 0) as pool:
        session = Session(settings, endpoint, pool, progress)
        try:
            await session.use_model(endpoint.model)
            yield session
        finally:
            await session.aclose()
