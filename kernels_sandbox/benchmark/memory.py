"""What a live kernel costs in memory."""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path

from kernels_sandbox.benchmark.starts import SOLVE, solve
from kernels_sandbox.benchmark.stock import StockKernel
from kernels_sandbox.policy import Policy
from kernels_sandbox.pool import KernelPool


async def memory(policy: Policy, count: int) -> dict[str, float]:
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
            await solve(kernel)
        solved = [unique(kernel.pid) for kernel in live]
        lost = (before - _available()) / count
        await asyncio.gather(*(kernel.__aexit__(None, None, None) for kernel in kernels))
    return {"idle": statistics.median(idle), "solved": statistics.median(solved), "machine": lost}


async def stock_memory() -> dict[str, float]:
    """The same of one stock kernel."""
    async with StockKernel() as kernel:
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
