"""Several servers of one model: the least loaded first, one that fails set aside and taken back when it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

from mathagent.errors import ModelError, RunError
from mathagent.types import (
    Chunk,
    Message,
    ModelClient,
    ModelInfo,
    ModelInput,
    Reward,
    Rewards,
    Sampling,
    Scores,
)

Connect = Callable[[str], ModelClient]
_PROBE = 2.0  # seconds between two looks at a server that was set aside


class Endpoint:
    """One server, as a `ModelClient` that waits for a free place among all requests and counts its own.

    Attributes: address; leases, trajectories that use it now; aside, whether it is set aside.
    """

    def __init__(self, address: str, connect: Connect, gate: asyncio.Semaphore) -> None:
        self.address = address
        self.leases = 0
        self.aside = False
        self._connect = connect
        self._client = connect(address)
        self._gate = gate

    async def describe(self) -> ModelInfo:
        """See `ModelClient.describe`."""
        return await self._client.describe()

    async def stream(
        self, request: ModelInput, sampling: Sampling, *, stop: Sequence[str], max_tokens: int
    ) -> AsyncGenerator[Chunk, None]:
        """See `ModelClient.stream`."""
        async with self._gate:
            chunks = self._client.stream(request, sampling, stop=stop, max_tokens=max_tokens)
            async with aclosing(chunks) as stream:
                async for chunk in stream:
                    yield chunk

    async def choose(self, request: ModelInput, options: Sequence[str]) -> Scores:
        """See `ModelClient.choose`."""
        async with self._gate:
            return await self._client.choose(request, options)

    async def reward(self, messages: Sequence[Message], reward: Reward, places: int) -> Rewards:
        """See `ModelClient.reward`."""
        async with self._gate:
            return await self._client.reward(messages, reward, places)

    async def probe(self) -> None:
        """Ask the server for the model by a connection of its own. Raises ModelError."""
        client = self._connect(self.address)
        try:
            await client.describe()
        finally:
            await client.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class Endpoints:
    """The servers of a run. A trajectory stays with one of them, whose prefix cache then knows it.

    Args:
        addresses: base URLs; all serve the same model.
        connect: makes a client for one of them, which gives up soon.
        requests: requests in flight at most, over all servers.
        patience: seconds to wait when every server is away; then `lease` raises RunError.
        tell: takes a line when a server is set aside or taken back.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        connect: Connect,
        *,
        requests: int,
        patience: float = 300.0,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        gate = asyncio.Semaphore(requests)
        self.all = [Endpoint(address, connect, gate) for address in addresses]
        self._patience = patience
        self._tell = tell
        self._changed = asyncio.Event()
        self._probes: dict[str, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Endpoint]:
        """The endpoint with the fewest trajectories, for one of them. Waits while every server is away."""
        endpoint = await self._least_loaded()
        endpoint.leases += 1
        try:
            yield endpoint
        finally:
            endpoint.leases -= 1

    def set_aside(self, endpoint: Endpoint, why: str) -> None:
        """Give it no new trajectories until it answers again."""
        if endpoint.aside:
            return
        endpoint.aside = True
        self._tell(f"{endpoint.address} is set aside: {why}")
        self._probes[endpoint.address] = asyncio.ensure_future(self._take_back(endpoint))

    async def aclose(self) -> None:
        """Stop looking after servers and close all connections."""
        for task in self._probes.values():
            task.cancel()
        await asyncio.gather(*self._probes.values(), return_exceptions=True)
        for endpoint in self.all:
            await endpoint.aclose()

    async def _least_loaded(self) -> Endpoint:
        deadline = time.monotonic() + self._patience
        while not (present := [each for each in self.all if not each.aside]):
            self._changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                names = ", ".join(each.address for each in self.all)
                raise RunError(
                    f"no server has answered for {self._patience:g} s: {names}",
                    "nothing finished is lost: the same command goes on from here",
                ) from None
        return min(present, key=lambda each: each.leases)

    async def _take_back(self, endpoint: Endpoint) -> None:
        while True:
            await asyncio.sleep(_PROBE)
            try:
                await endpoint.probe()
            except ModelError:
                continue
            endpoint.aside = False
            self._tell(f"{endpoint.address} answers again")
            self._changed.set()
            return
