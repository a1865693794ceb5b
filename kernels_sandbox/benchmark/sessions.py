"""Many sessions: three cells each, some at a time; and many kernels asked for at once."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from kernels_sandbox.benchmark.starts import SOLVE
from kernels_sandbox.benchmark.stock import StockKernel
from kernels_sandbox.errors import SandboxError
from kernels_sandbox.pool import KernelPool

CELLS = (SOLVE, "sympy.expand((x + 1) ** 3)", "1/0")
"""A session of three cells: imports and work, state used again, an error."""

Say = Callable[[str], None]


async def sessions(pool: KernelPool, say: Say) -> dict[str, Any]:
    """Sessions per second of each way to run them, by how many run at a time."""

    async def ours() -> None:
        async with pool.kernel() as kernel:
            for code in CELLS:
                await kernel.execute(code)

    async def stock() -> None:
        async with StockKernel() as kernel:
            for code in CELLS:
                await kernel.execute(code)

    async def plain() -> None:
        source = "\n".join((*CELLS[:2], "try: 1/0\nexcept ZeroDivisionError: pass"))
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", source)
        await process.wait()

    per_second: dict[str, dict[str, float]] = {}
    runners: dict[str, tuple[Callable[[], Awaitable[None]], int]] = {
        "sandbox": (ours, 16), "stock ipykernel": (stock, 1), "python -c (one cell, no state)": (plain, 2),
    }  # fmt: skip
    for name, (session, weight) in runners.items():
        for at_once in (1, 8, 64):
            count = max(at_once, weight * 4)
            if name != "sandbox" and at_once == 64:
                count = at_once = 16
            say(f"  {name}, {at_once} at a time")
            per_second.setdefault(name, {})[str(at_once)] = count / await _timed(session, count, at_once)
    smol = _smolagents()
    if smol is not None:
        per_second["smolagents (no isolation: a comparison of speed only)"] = {"1": smol}
    return per_second


async def _timed(session: Callable[[], Awaitable[None]], count: int, at_once: int) -> float:
    gate = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with gate:
            await session()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(count)))
    return time.perf_counter() - began


def _smolagents() -> float | None:
    """Sessions per second of smolagents' executor, which interprets a subset of Python in this very process."""
    try:
        from smolagents.local_python_executor import LocalPythonExecutor  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    began, count = time.perf_counter(), 20
    for _ in range(count):
        executor = LocalPythonExecutor(["sympy", "numpy"])
        executor.send_tools({})
        for code in CELLS[:2]:
            executor(code)
    return count / (time.perf_counter() - began)


async def burst(pool: KernelPool, count: int) -> dict[str, float]:
    """`count` kernels asked for at once, all alive together."""
    arrivals: list[float] = []
    everyone = asyncio.Event()
    began = time.perf_counter()

    async def one() -> None:
        async with pool.kernel() as kernel:
            result = await kernel.execute("1 + 1", timeout=120)
            if result.result != "2":
                raise SandboxError(f"a kernel gave a wrong answer: {result}")
            arrivals.append(time.perf_counter() - began)
            if len(arrivals) == count:
                everyone.set()
            await everyone.wait()

    await asyncio.gather(*(one() for _ in range(count)))
    return {
        "kernels": count,
        "first": min(arrivals),
        "median": statistics.median(arrivals),
        "last": max(arrivals),
    }
