"""A pool that hands out fresh kernels, some of them started ahead. A kernel is never given to a second caller."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from kernels_sandbox.errors import PoolClosed
from kernels_sandbox.jail import Isolation, probe
from kernels_sandbox.kernel import Kernel
from kernels_sandbox.launcher import choose_launcher
from kernels_sandbox.live import LiveKernel
from kernels_sandbox.policy import Policy
from kernels_sandbox.process import Launcher

REFILL_DELAY = 0.05
"""Seconds between handing out a warm kernel and starting the next one, so as not to compete with its first cell."""


class KernelPool:
    """Hands out kernels; an asynchronous context manager that ends every kernel at its exit.

    Args:
        policy: limits of every kernel.
        warm: kernels kept ready ahead of demand; as many as callers usually ask for at once.

    Entering raises IsolationError below `policy.min_level`, KernelStartError if kernels can't be started.
    """

    def __init__(self, policy: Policy | None = None, *, warm: int = 1) -> None:
        self.policy = policy or Policy()
        self._warm = warm
        self._isolation: Isolation | None = None
        self._launcher: Launcher | None = None
        self._ready: deque[LiveKernel] = deque()
        self._live: set[LiveKernel] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._refilling = False

    async def __aenter__(self) -> Self:
        """Start what the kernels need; the first kernel comes up in the background."""
        machine = await asyncio.to_thread(probe)
        self._launcher, self._isolation = choose_launcher(self.policy, machine)
        self._refill()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every kernel and leave nothing behind."""
        launcher, self._launcher = self._launcher, None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(self._release(live) for live in list(self._live)))
        if launcher is not None:
            await launcher.aclose()

    @property
    def isolation(self) -> Isolation:
        """The level of isolation that the kernels have, and its layers. Raises PoolClosed before entering."""
        if self._isolation is None:
            raise PoolClosed("the pool was never entered", "use it inside `async with KernelPool() as pool`")
        return self._isolation

    async def warmed(self) -> None:
        """Wait until the kernels kept ready are ready. Raises KernelStartError where they can't be started."""
        while len(self._ready) < self._warm:
            self._refill()
            await asyncio.gather(*self._tasks)

    @contextlib.asynccontextmanager
    async def kernel(self) -> AsyncIterator[Kernel]:
        """A fresh kernel, thrown away at exit. Raises PoolClosed and KernelStartError."""
        kernel = Kernel(await self._acquire(), self.policy, self._acquire, self._release)
        try:
            yield kernel
        finally:
            await kernel.aclose()

    async def _acquire(self) -> LiveKernel:
        """A live kernel that nobody has used."""
        while self._ready:
            live = self._ready.popleft()
            self._refill(REFILL_DELAY)
            await asyncio.sleep(0)  # let news of its death in, if there is any
            if live.alive:
                return live
            await self._release(live)
        live = await self._start()
        self._refill(REFILL_DELAY)
        return live

    async def _release(self, live: LiveKernel) -> None:
        self._live.discard(live)
        await live.aclose()

    async def _start(self) -> LiveKernel:
        if self._launcher is None:
            raise PoolClosed("the pool is closed", "use it inside `async with KernelPool() as pool`")
        live = await LiveKernel.start(self._launcher, self.policy)
        self._live.add(live)
        return live

    def _refill(self, delay: float = 0.0) -> None:
        if self._refilling or self._launcher is None or len(self._ready) >= self._warm:
            return
        self._refilling = True
        task = asyncio.create_task(self._fill(delay))
        self._tasks.add(task)
        task.add_done_callback(self._filled)

    async def _fill(self, delay: float) -> None:
        try:
            await asyncio.sleep(delay)
            while len(self._ready) < self._warm:
                live = await self._start()
                await live.prime()
                self._ready.append(live)
        finally:
            self._refilling = False

    def _filled(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asks for a kernel next meets the same error and hears of it
