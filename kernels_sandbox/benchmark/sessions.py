"""Many sessions: three cells each, some at a time; and many kernels asked for at once."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import Callable
from typing import Any

from kernels_sandbox.benchmark import peers
from kernels_sandbox.benchmark.clock import summary
from kernels_sandbox.errors import SandboxError
from kernels_sandbox.pool import KernelPool

AT_ONCE = (1, 8, 64)

SANDBOX = "sandbox"
FORKING_SERVER = "forking Flask server, sympy preloaded, no isolation"
SMOLAGENTS = "smolagents, in process, no isolation"

Say = Callable[[str], None]

PEERS: dict[str, tuple[peers.Peer, int, tuple[int, ...]]] = {
    FORKING_SERVER: (peers.forking_server, 64, AT_ONCE),
    "stock ipykernel": (peers.stock, 4, AT_ONCE),
    "python -c (three cells as one)": (peers.plain, 4, AT_ONCE),
    SMOLAGENTS: (peers.smolagents, 20, (1,)),
}
"""How many sessions make a measurement, at least, and how many run at a time."""


async def sessions(pool: KernelPool, say: Say) -> dict[str, Any]:
    """Each way to run them, by how many run at a time: sessions per second, and seconds of one (p50, p95).

    What is not installed is left out. Raises SandboxError for a wrong answer.
    """
    measured: dict[str, Any] = {SANDBOX: {}}
    async with contextlib.AsyncExitStack() as stack:
        ways: list[tuple[str, peers.Session, int, tuple[int, ...]]] = [
            (SANDBOX, peers.sandbox(pool), 64, AT_ONCE)
        ]
        for name, (peer, least, numbers) in PEERS.items():
            session = await stack.enter_async_context(peer())
            if session is None:
                say(f"  {name}: not installed")
            else:
                ways.append((name, session, least, numbers))
        for at_once in AT_ONCE:  # each number in one go: only neighbours in time can be compared
            for name, session, least, numbers in ways:
                if at_once in numbers:
                    say(f"  {name}, {at_once} at a time")
                    rates = measured.setdefault(name, {})
                    rates[str(at_once)] = await _measure(session, least, at_once)
    return measured


async def _measure(session: peers.Session, least: int, at_once: int) -> dict[str, float]:
    gate = asyncio.Semaphore(at_once)
    seconds: list[float] = []

    async def one() -> None:
        async with gate:
            began = time.perf_counter()
            await session()
            seconds.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(max(least, at_once))))
    return {"per_second": len(seconds) / (time.perf_counter() - began), **summary(seconds)}


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
