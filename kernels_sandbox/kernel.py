"""A kernel for a caller: always there, because a new one takes the place of one that died or had to be killed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from kernels_sandbox.errors import PoolClosed
from kernels_sandbox.files import collect
from kernels_sandbox.live import LOST, LiveKernel
from kernels_sandbox.messages import OnOutput
from kernels_sandbox.policy import Policy
from kernels_sandbox.replay import Journal, Rebuilt
from kernels_sandbox.result import CellResult

Acquire = Callable[[], Awaitable[LiveKernel]]
Release = Callable[[LiveKernel], Awaitable[None]]


class Kernel:
    """One caller's kernel: state persists between its cells and is never shared. Made by `KernelPool.kernel`."""

    def __init__(self, live: LiveKernel, policy: Policy, acquire: Acquire, release: Release) -> None:
        self._live: LiveKernel | None = live
        self._policy = policy
        self._acquire = acquire
        self._release = release
        self._busy = asyncio.Lock()
        self._closed = False
        self._generation = 0
        self._asked = 0  # cells that were asked for and have not ended
        self._stopped = False  # an interrupt came while the next of them had not begun
        self._journal = Journal()

    @property
    def pid(self) -> int:
        """Process id of the present kernel on the host; 0 while there is none."""
        return self._live.process.pid if self._live is not None else 0

    @property
    def alive(self) -> bool:
        """Whether the present kernel's process runs."""
        return self._live is not None and self._live.alive

    @property
    def generation(self) -> int:
        """How many kernels this handle had before the present one."""
        return self._generation

    async def execute(
        self, code: str, *, timeout: float | None = None, on_output: OnOutput | None = None
    ) -> CellResult:
        """Run one cell; cells of one kernel run one after another.

        Args:
            code: Python, with IPython's magics and top-level await.
            timeout: deadline in seconds; None for the policy's `cell_seconds`. The call returns within
                timeout + `interrupt_grace` and the time that a fresh kernel takes.
            on_output: called at once with each piece of output.

        Whatever the code does comes back as the result's status; after `state_lost` a fresh kernel is in place.
        If the kernel died since the last cell, the code is not run, and the result says so ("died").
        Cancelling the call interrupts the cell, which then ends in the background.

        Raises PoolClosed, and KernelStartError if a kernel in place of a dead one can't be started.
        """
        seconds = self._policy.cell_seconds if timeout is None else timeout
        self._asked += 1
        task = asyncio.ensure_future(self._execute(code, seconds, on_output))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.done():
                task.add_done_callback(_retrieve)
                await self.interrupt()
            raise

    async def interrupt(self) -> None:
        """End the running cell with status "interrupted"; its state is kept if it obeys in time. No cell, no effect."""
        running = self._live is not None and self._live.stop_cell("interrupted")
        self._stopped = not running and self._asked > 0

    async def restart(self) -> None:
        """Put a new, empty kernel in the place of this one; a running cell ends as "interrupted" first."""
        await self.interrupt()
        async with self._busy:
            self._journal = Journal()
            await self._replace()

    async def rebuild(self, timeout: float = 60.0) -> Rebuilt:
        """Put a fresh kernel in place and run again, in order, every cell since the last `restart` that succeeded.

        For after `state_lost`. The cells' output is not kept; what they do beyond their kernel's memory (random
        numbers, the clock) may come out differently. A cell that fails this time is left out, and counted as lost.

        Args:
            timeout: seconds for all of it, not counting fresh kernels.

        Raises PoolClosed and KernelStartError.
        """
        began = time.perf_counter()
        async with self._busy:
            left = self._journal.succeeded
            unknown = self._journal.failed
            restored, lost = await self._replay(left, began + timeout)
            self._journal.keep_only(restored)
            return Rebuilt(
                tuple(restored), tuple(lost), tuple(unknown), round(time.perf_counter() - began, 6)
            )

    async def collect(self, path: str, *, max_bytes: int = 10_000_000) -> bytes:
        """Read a file that the code has written, out of the kernel's private folder.

        Args:
            path: inside the kernel, relative to its working folder or absolute.
            max_bytes: refuse a longer file.

        The bytes come through the kernel itself and deserve no more trust than the code that ran there.
        Raises CollectError if there is no such file, it is too long or the kernel does not hand it over.
        """
        async with self._busy:
            return await collect(await self._present(), path, max_bytes, self._policy)

    async def aclose(self) -> None:
        """End the kernel. `KernelPool.kernel` does this; a second call does nothing."""
        self._closed = True
        live, self._live = self._live, None
        if live is not None:
            await self._release(live)

    async def _execute(self, code: str, seconds: float, on_output: OnOutput | None) -> CellResult:
        try:
            async with self._busy:
                return await self._execute_alone(code, seconds, on_output)
        finally:
            self._asked -= 1
            self._stopped &= self._asked > 0

    async def _execute_alone(self, code: str, seconds: float, on_output: OnOutput | None) -> CellResult:
        if self._stopped:
            self._stopped = False
            return CellResult("interrupted", detail="The cell was interrupted before it began.")
        live = await self._present()
        if not live.alive:
            why = live.process.exited.result().describe()
            await self._replace()
            return CellResult(
                "died",
                state_lost=True,
                detail=f"The kernel died after the last cell: {why}. This cell was not run. {LOST}",
            )
        result = await live.execute(code, seconds, on_output)
        self._journal.note(code, result)
        if result.state_lost and not self._closed:
            await self._replace()
        return result

    async def _replay(self, cells: list[str], deadline: float) -> tuple[list[str], list[str]]:
        """Which cells could be run again in a fresh kernel, and which could not."""
        poison: set[int] = set()
        while True:
            await self._replace()
            restored: list[int] = []
            for index, code in enumerate(cells):
                seconds = deadline - time.perf_counter()
                if index in poison or seconds <= 0:
                    continue
                result = await (await self._present()).execute(code, seconds)
                if result.state_lost:
                    poison.add(index)  # never twice: it took the whole kernel with it
                    break
                if result.ok:
                    restored.append(index)
            else:
                done = set(restored)
                return [cells[n] for n in restored], [code for n, code in enumerate(cells) if n not in done]

    async def _present(self) -> LiveKernel:
        if self._closed:
            raise PoolClosed("this kernel is closed")
        if self._live is None:
            await self._replace()
            assert self._live is not None
        return self._live

    async def _replace(self) -> None:
        old, self._live = self._live, None
        if old is not None:
            await self._release(old)
        live = await self._acquire()
        self._generation += 1
        if self._closed:
            await self._release(live)
            raise PoolClosed("this kernel was closed")
        self._live = live


def _retrieve(task: asyncio.Future[CellResult]) -> None:
    if not task.cancelled():
        task.exception()
