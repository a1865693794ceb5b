"""Compare with other ways to run Python cells, in one run on one core: `python -m kernels_sandbox bench`.

Everything is timed by the same clock in the same process, stock ipykernel and our kernels in turns, because only ratios
inside one run mean anything. The environment must be byte-compiled: without .pyc files a stock kernel compiles all it
imports, and every ratio flatters us fourfold; the benchmark refuses to run then.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from kernels_sandbox.errors import SandboxError
from kernels_sandbox.jail import probe
from kernels_sandbox.kernel import Kernel
from kernels_sandbox.policy import Policy
from kernels_sandbox.pool import KernelPool

SOLVE = "import sympy, numpy\nx = sympy.Symbol('x')\nsympy.solve(x**2 - 5*x + 6, x)"
CELLS = (SOLVE, "sympy.expand((x + 1) ** 3)", "1/0")
"""A session of three cells: imports and work, state used again, an error."""

Samples = dict[str, list[float]]
Say = Callable[[str], None]


async def run_bench(
    rounds: int, *, say: Say = lambda _: None, sizes: Sequence[int] = (100, 500)
) -> dict[str, Any]:
    """Measure everything; seconds and bytes, JSON-able.

    Args:
        rounds: our kernels per measurement; stock kernels get a tenth of it, at least 6.
        say: told what comes next.
        sizes: live kernels for the memory table.

    Raises SandboxError where bytecode is not written.
    """
    if sys.dont_write_bytecode:
        raise SandboxError(
            "PYTHONDONTWRITEBYTECODE is set: stock kernels would be slow for that alone", "unset it"
        )
    _one_core()
    samples: Samples = {}
    policy = Policy(min_level=probe().level)
    say("stock ipykernel and sandboxed kernels, in turns")
    async with KernelPool(policy, warm=0) as pool, KernelPool(policy, warm=1) as warm:
        await _ours(pool, {}, "")  # the zygotes come up
        await _warm(warm, {})
        stocks = max(6, rounds // 10)
        for turn in range(stocks):
            await _stock(samples)
            for _ in range(rounds * turn // stocks, rounds * (turn + 1) // stocks):
                await _ours(pool, samples, "fresh")
                await _warm(warm, samples)
        result: dict[str, Any] = {
            "level": probe().level,
            "seconds": {k: _summary(v) for k, v in samples.items()},
        }
        say("sessions of three cells")
        result["sessions"] = await _sessions(pool, say)
        say("256 kernels at once")
        result["burst"] = await _burst(pool, 256)
    say("memory")
    result["memory"] = {str(size): await _memory(policy, size) for size in sizes}
    result["stock_memory"] = await _stock_memory()
    return result


def _one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "n": len(ordered),
        "p50": statistics.median(ordered),
        "p95": ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
    }


class _Clock:
    """Seconds since the last look, filed under names."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self.start = self.last = time.perf_counter()

    def file(self, name: str, *, since_start: bool = False) -> None:
        now = time.perf_counter()
        self._samples.setdefault(name, []).append(now - (self.start if since_start else self.last))
        self.last = now


async def _ours(pool: KernelPool, samples: Samples, name: str) -> None:
    clock = _Clock(samples)
    async with pool.kernel() as kernel:
        clock.file(f"{name} ready")
        await _solve(kernel)
        clock.file(f"{name} ready and solve", since_start=True)
        for _ in range(5):
            clock.last = time.perf_counter()
            await kernel.execute("1 + 1")
            clock.file("trivial cell")


async def _warm(pool: KernelPool, samples: Samples) -> None:
    await pool.warmed()
    await asyncio.sleep(0.01)
    clock = _Clock(samples)
    async with pool.kernel() as kernel:
        clock.file("warm ready")
        await _solve(kernel)
        clock.file("warm ready and solve", since_start=True)
    await pool.warmed()  # the next kernel must not come up while something else is timed


async def _solve(kernel: Kernel) -> None:
    result = await kernel.execute(SOLVE)
    if result.result != "[2, 3]":
        raise SandboxError(f"a kernel gave a wrong answer: {result}")


async def _stock(samples: Samples) -> None:
    clock = _Clock(samples)
    async with _StockKernel() as kernel:
        clock.file("stock ready")
        await kernel.execute(SOLVE)
        clock.file("stock ready and solve", since_start=True)
        for _ in range(10):
            clock.last = time.perf_counter()
            await kernel.execute("1 + 1")
            clock.file("stock trivial cell")


class _StockKernel:
    """ipykernel as jupyter_client starts it."""

    def __init__(self) -> None:
        from jupyter_client.manager import AsyncKernelManager

        self.manager = AsyncKernelManager(kernel_name="python3")

    async def __aenter__(self) -> _StockKernel:
        await self.manager.start_kernel(stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        await self.client.wait_for_ready(timeout=60)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.client.stop_channels()
        await self.manager.shutdown_kernel(now=True)

    async def execute(self, code: str) -> None:
        """Run a cell and forget its output."""
        await self.client.execute_interactive(code, timeout=60, output_hook=lambda _: None)

    @property
    def pid(self) -> int:
        """Process id."""
        return int(self.manager.provisioner.pid)  # type: ignore[union-attr]


async def _sessions(pool: KernelPool, say: Say) -> dict[str, Any]:
    async def ours() -> None:
        async with pool.kernel() as kernel:
            for code in CELLS:
                await kernel.execute(code)

    async def stock() -> None:
        async with _StockKernel() as kernel:
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


async def _burst(pool: KernelPool, count: int) -> dict[str, float]:
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


async def _memory(policy: Policy, count: int) -> dict[str, float]:
    """Unique bytes per kernel with `count` alive, idle and after a solve, and what the machine lost per kernel."""
    async with KernelPool(policy, warm=0) as pool:
        async with pool.kernel() as first:
            await first.execute("1")
        before = _available()
        kernels = [pool.kernel() for _ in range(count)]
        live = [await kernel.__aenter__() for kernel in kernels]
        await asyncio.sleep(0.5)
        idle = [unique(kernel.pid) for kernel in live]
        for kernel in live:
            await _solve(kernel)
        solved = [unique(kernel.pid) for kernel in live]
        lost = (before - _available()) / count
        await asyncio.gather(*(kernel.__aexit__(None, None, None) for kernel in kernels))
    return {"idle": statistics.median(idle), "solved": statistics.median(solved), "machine": lost}


async def _stock_memory() -> dict[str, float]:
    async with _StockKernel() as kernel:
        idle = unique(kernel.pid)
        await kernel.execute(SOLVE)
        return {"idle": idle, "solved": unique(kernel.pid)}


def unique(pid: int) -> int:
    """Bytes of memory that a process shares with no other (USS); 0 where the system doesn't say."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))


def _available() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def report(numbers: dict[str, Any]) -> str:
    """The numbers as a table for a person."""
    seconds = numbers["seconds"]

    def row(name: str, ours: str, stock: str) -> str:
        one, other = seconds[ours], seconds[stock]
        return (
            f"  {name:36} {one['p50'] * 1e3:8.1f} {one['p95'] * 1e3:8.1f} {other['p50'] * 1e3:9.1f} "
            f"{other['p95'] * 1e3:8.1f}   1/{other['p50'] / one['p50']:.1f}"
        )

    lines = [
        f"isolation level {numbers['level']}; one core; milliseconds",
        f"  {'':36} {'p50':>8} {'p95':>8} {'stock p50':>9} {'p95':>8}   ratio of p50",
        row("ready, freshly forked", "fresh ready", "stock ready"),
        row("ready, from the warm pool", "warm ready", "stock ready"),
        row("ready and first solve, fresh", "fresh ready and solve", "stock ready and solve"),
        row("ready and first solve, warm", "warm ready and solve", "stock ready and solve"),
        row("trivial cell", "trivial cell", "stock trivial cell"),
        "sessions of three cells per second (at a time: per second)",
    ]
    for name, rates in numbers["sessions"].items():
        lines.append(f"  {name:54} " + "  ".join(f"{n}: {rate:.2f}" for n, rate in rates.items()))
    burst = numbers["burst"]
    lines.append(
        f"{burst['kernels']} kernels asked for at once, one cell each: first after {burst['first']:.2f} s, "
        f"median {burst['median']:.2f} s, last {burst['last']:.2f} s"
    )
    lines.append("unique memory per kernel, MB (idle / after a solve / MemAvailable lost)")
    for count, sizes in numbers["memory"].items():
        lines.append(
            f"  {count} alive: {sizes['idle'] / 1e6:.1f} / {sizes['solved'] / 1e6:.1f} / {sizes['machine'] / 1e6:.1f}"
        )
    stock = numbers["stock_memory"]
    lines.append(f"  stock: {stock['idle'] / 1e6:.1f} / {stock['solved'] / 1e6:.1f}")
    return "\n".join(lines)
