"""Put a run together: the data, the first server that answers, the folder; run it; write its numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from mathagent.data import DataSet
from mathagent.errors import ModelError
from mathagent.models import OpenAIServer
from mathagent.run.endpoints import Endpoints
from mathagent.run.folder import open_run
from mathagent.run.plan import Plan
from mathagent.run.runner import Runner
from mathagent.run.settings import settings_of
from mathagent.session import find_endpoint, open_session
from mathagent.settings import Settings
from mathagent.types import ModelClient

_WARM = 8  # kernels that wait ready at most: a fork ahead of need saves time only while a processor is idle


@asynccontextmanager
async def open_runner(
    data: DataSet,
    plan: Plan,
    settings: Settings,
    addresses: list[str],
    folder: Path,
    tell: Callable[[str], None],
    *,
    patience: float = 300.0,
) -> AsyncIterator[Runner]:
    """A runner, ready to run; everything is closed again afterwards.

    Args:
        data: the problems.
        plan: what to do with them.
        settings: of the session.
        addresses: base URLs of the servers; none for the running or the embedded one.
        folder: of the run, new or to go on with.
        tell: takes lines about what a person should know.
        patience: seconds to wait while every server is away.

    Raises MathAgentError, and kernels_sandbox.SandboxError where kernels can't run as isolated as asked for.
    """
    async with AsyncExitStack() as stack:
        settings = replace(settings, warm=min(_WARM, plan.kernels))
        if len(addresses) > 1:
            settings = replace(settings, base_url=await _first_that_answers(addresses, settings))
        session = await stack.enter_async_context(open_session(settings, tell))
        run = open_run(folder, settings_of(data, plan, session), plan.problems, plan.seed)
        stack.callback(run.close)
        if run.repaired:
            tell(
                f"{run.repaired} bytes of a line that was being written when the run was stopped are cut off"
            )
        if run.ended or run.begun:
            tell(f"going on: {len(run.ended)} finished, {len(run.begun)} begun")

        def connect(address: str) -> ModelClient:
            key = settings.api_key or session.endpoint.api_key
            wait, retries = (2.0, 1) if len(addresses) > 1 else (10.0, 3)
            return OpenAIServer(
                address,
                key,
                session.info.id,
                connect_wait=wait,
                retries=retries,
                whole=True,
                logprobs=plan.logprobs,
            )

        endpoints = Endpoints(
            addresses or [session.endpoint.base_url],
            connect,
            requests=plan.requests,
            patience=patience,
            tell=tell,
        )
        stack.push_async_callback(endpoints.aclose)
        yield Runner(plan, session, endpoints, run, tell)


async def served_model(settings: Settings, addresses: list[str], tell: Callable[[str], None]) -> str:
    """The name of the model that a session with these settings would use. Raises MathAgentError."""
    if len(addresses) > 1:
        settings = replace(settings, base_url=await _first_that_answers(addresses, settings))
    endpoint = await find_endpoint(settings, tell)
    client = OpenAIServer(endpoint.base_url, endpoint.api_key, endpoint.model, on_retry=tell)
    try:
        return (await client.describe()).id
    finally:
        await client.aclose()


async def _first_that_answers(addresses: list[str], settings: Settings) -> str:
    """The first server that answers. Raises the last one's ModelError if none does."""
    for number, address in enumerate(addresses, 1):
        client = OpenAIServer(address, settings.api_key, settings.model, connect_wait=2.0, retries=1)
        try:
            await client.describe()
        except ModelError:
            if number == len(addresses):
                raise
        else:
            return address
        finally:
            await client.aclose()
    raise AssertionError("there is at least one address")
