"""Where the loop's code runs: one kernel of the sandbox for one problem, taken when the first block comes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Protocol, Self

from kernels_sandbox import CellResult, Kernel, KernelPool, OutputChunk


class Executor(Protocol):
    """What the loop needs of a place to run code."""

    async def execute(
        self, code: str, *, timeout: float, on_output: Callable[[OutputChunk], None] | None = None
    ) -> CellResult:
        """Run one cell for at most `timeout` seconds. Faults of the code are in the result.

        Raises kernels_sandbox.SandboxError when no kernel can be had.
        """
        ...

    async def interrupt(self) -> None:
        """Stop the cell that runs, or that still waits for its kernel. No cell, no effect."""
        ...


class KernelExecutor:
    """Leases a kernel from a pool at the first execution and keeps it, with its state, until closed.

    Use as an asynchronous context manager. `reset` gives the kernel back, so that the next cell gets a fresh one.
    """

    def __init__(self, pool: KernelPool) -> None:
        self._pool = pool
        self._stack = AsyncExitStack()
        self._kernel: Kernel | None = None
        self._executing = False
        self._interrupted = False

    async def execute(
        self, code: str, *, timeout: float, on_output: Callable[[OutputChunk], None] | None = None
    ) -> CellResult:
        """See `Executor.execute`."""
        self._executing = True
        try:
            if self._kernel is None:
                self._kernel = await self._stack.enter_async_context(self._pool.kernel())
            if self._interrupted:
                return CellResult(status="interrupted", detail="interrupted before it ran")
            return await self._kernel.execute(code, timeout=timeout, on_output=on_output)
        finally:
            self._executing = self._interrupted = False

    async def interrupt(self) -> None:
        """See `Executor.interrupt`."""
        if not self._executing:
            return  # a stop that came late must not hit the next cell
        self._interrupted = True  # for a cell that still waits for its kernel
        if self._kernel is not None:
            await self._kernel.interrupt()

    async def reset(self) -> None:
        """Throw the kernel away with its variables and files."""
        self._kernel = None
        await self._stack.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.reset()
