"""Where the loop's code runs: one kernel of the sandbox for one problem, taken when the first block comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from kernels_sandbox import CellResult, Kernel, OutputChunk


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


class KernelSource(Protocol):
    """Where kernels come from: a `KernelPool`, or what stands in front of one."""

    def kernel(self) -> AbstractAsyncContextManager[Kernel]:
        """A fresh kernel for one caller, ended when the context is left."""
        ...


class KernelExecutor:
    """Leases a kernel from a pool at the first execution and keeps it, with its state, until closed.

    Use as an asynchronous context manager. `reset` gives the kernel back, so that the next cell gets a fresh one.

    Args:
        pool: where kernels come from.
        turn: entered around each cell, by one that has its kernel; for callers that let only so many cells run at once.
    """

    def __init__(
        self, pool: KernelSource, turn: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    ) -> None:
        self._pool = pool
        self._turn = turn
        self._earlier: list[str] = []
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
            async with self._turn():
                lost = await self._rebuild(self._kernel, timeout)
                result = await self._kernel.execute(code, timeout=timeout, on_output=on_output)
            return replace(result, detail=f"{lost} {result.detail}".strip()) if lost else result
        finally:
            self._executing = self._interrupted = False

    def restore(self, cells: Sequence[str]) -> None:
        """Have the next kernel run these cells before anything else: an earlier one had run them well.

        The first result says so if some could not be run again.
        """
        self._earlier = list(cells)

    async def _rebuild(self, kernel: Kernel, timeout: float) -> str:
        """Run the earlier cells again, once, each for at most `timeout`; says what was lost, "" for nothing."""
        cells, self._earlier = self._earlier, []
        lost = 0
        for code in cells:
            lost += not (await kernel.execute(code, timeout=timeout)).ok
        return (
            f"{lost} of {len(cells)} earlier cells could not be run again in a fresh kernel." if lost else ""
        )

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
