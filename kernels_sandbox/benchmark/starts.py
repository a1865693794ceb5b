"""How soon a kernel is ready, has solved its first equation, and answers a trivial cell."""

from __future__ import annotations

import asyncio
import time

from kernels_sandbox.benchmark.clock import Clock, Samples
from kernels_sandbox.benchmark.stock import StockKernel
from kernels_sandbox.errors import SandboxError
from kernels_sandbox.kernel import Kernel
from kernels_sandbox.pool import KernelPool

SOLVE = "import sympy, numpy\nx = sympy.Symbol('x')\nsympy.solve(x**2 - 5*x + 6, x)"


async def ours(pool: KernelPool, samples: Samples, name: str) -> None:
    """A freshly forked kernel of ours: filed as `name`."""
    clock = Clock(samples)
    async with pool.kernel() as kernel:
        clock.file(f"{name} ready")
        await solve(kernel)
        clock.file(f"{name} ready and solve", since_start=True)
        for _ in range(5):
            clock.last = time.perf_counter()
            await kernel.execute("1 + 1")
            clock.file("trivial cell")


async def warm(pool: KernelPool, samples: Samples) -> None:
    """A kernel of ours that was ready ahead."""
    await pool.warmed()
    await asyncio.sleep(0.01)
    clock = Clock(samples)
    async with pool.kernel() as kernel:
        clock.file("warm ready")
        await solve(kernel)
        clock.file("warm ready and solve", since_start=True)
    await pool.warmed()  # the next kernel must not come up while something else is timed


async def solve(kernel: Kernel) -> None:
    """Solve the equation. Raises SandboxError if the answer is wrong."""
    result = await kernel.execute(SOLVE)
    if result.result != "[2, 3]":
        raise SandboxError(f"a kernel gave a wrong answer: {result}")


async def stock(samples: Samples) -> None:
    """A stock kernel."""
    clock = Clock(samples)
    async with StockKernel() as kernel:
        clock.file("stock ready")
        await kernel.execute(SOLVE)
        clock.file("stock ready and solve", since_start=True)
        for _ in range(10):
            clock.last = time.perf_counter()
            await kernel.execute("1 + 1")
            clock.file("stock trivial cell")
