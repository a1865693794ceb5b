"""Kernels for many trajectories: at most so many alive at once, and so many cells running at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kernels_sandbox import Kernel, KernelPool


class Kernels:
    """Wraps a pool. A trajectory that wants one kernel too many waits; a cell that wants to run waits for its turn.

    Cells take turns because their deadlines are wall time: with many more of them than processor cores, a cell would
    time out for the work of the others.

    Args:
        pool: an open pool.
        alive: kernels that trajectories may hold at once.
        running: cells that may run at once.

    Attributes: held, kernels that trajectories hold now; busy, cells that run now.
    """

    def __init__(self, pool: KernelPool, *, alive: int, running: int) -> None:
        self._pool = pool
        self._alive = asyncio.Semaphore(alive)
        self._running = asyncio.Semaphore(running)
        self.held = self.busy = 0

    @asynccontextmanager
    async def kernel(self) -> AsyncIterator[Kernel]:
        """See `KernelPool.kernel`."""
        async with self._alive, self._pool.kernel() as kernel:
            self.held += 1
            try:
                yield kernel
            finally:
                self.held -= 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A turn to run a cell."""
        async with self._running:
            self.busy += 1
            try:
                yield
            finally:
                self.busy -= 1
