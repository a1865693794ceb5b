"""Many cells over many kernels with faults mixed in: nothing leaks, and the end is as fast as the start.

SANDBOX_SOAK_KERNELS sets the number of kernels, of ten cells each (default 30; a full run is 1000).
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import time
from pathlib import Path

import psutil
import pytest

from kernels_sandbox import CellResult, Kernel, KernelPool, Policy, probe

from .test_lifetime import descendants, descriptors, temporary

KERNELS = int(os.environ.get("SANDBOX_SOAK_KERNELS", "30"))
HONEST = ("x = 6 * 7\nx", "print('hello')", "import sympy\nsympy.factorint(720)", "1/0")
FAULTS = {
    "import os; os._exit(1)": {"died"},
    "import ctypes; ctypes.string_at(0)": {"died"},
    "import os; os.closerange(0, 1024)": {"died", "timeout"},
    "while True: pass": {"timeout"},
    "max(range(10 ** 13))": {"timeout"},
    "while True: print('x' * 1000)": {"output_limit"},
    "b = bytearray(10 ** 11)": {"error"},
    "l = []\nwhile True: l.append(bytearray(10 ** 7))": {"error", "timeout"},
}


def _mounts() -> int:
    return len(Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines())


async def _life(pool: KernelPool, chance: random.Random) -> list[float]:
    """One kernel, ten cells, every tenth a fault; seconds of the honest ones."""
    seconds = []
    async with pool.kernel() as kernel:
        for _ in range(10):
            if chance.random() < 0.1:
                code = chance.choice(sorted(FAULTS))
                endless = "timeout" in FAULTS[code]
                result = await kernel.execute(code, timeout=0.5 if endless else 20)
                assert result.status in FAULTS[code], (code, result)
            else:
                code = chance.choice(HONEST)
                result = await _honest(kernel, code)
                seconds.append(result.seconds)
    return seconds


async def _honest(kernel: Kernel, code: str) -> CellResult:
    result = await kernel.execute(code)
    assert result.status == ("error" if code == "1/0" else "ok"), (code, result)
    return result


@pytest.mark.timeout(60 + KERNELS * 3)
async def test_soak() -> None:
    chance = random.Random(7)
    policy = Policy(interrupt_grace=0.2, output_bytes=100_000, min_level=probe().level)
    async with KernelPool(policy, warm=2) as pool:
        await _life(pool, chance)  # whatever is made once is made now
    before, family, mounts = descriptors(), set(descendants()), _mounts()
    async with KernelPool(policy, warm=2) as pool:
        await _life(pool, chance)
        sizes, speeds = [], []
        gate = asyncio.Semaphore(4)

        async def life() -> None:
            async with gate:
                speeds.append(statistics.median(await _life(pool, chance)))
                sizes.append(
                    sum(child.memory_info().rss for child in psutil.Process().children(recursive=True)[:2])
                )

        began = time.perf_counter()
        await asyncio.gather(*(life() for _ in range(KERNELS)))
        per_kernel = (time.perf_counter() - began) / KERNELS
    assert (descriptors() - before, set(descendants()) - family) == (set(), set())
    assert _mounts() <= mounts
    assert temporary(os.getpid()) == []
    tenth = max(3, KERNELS // 10)
    growth = statistics.median(sizes[-tenth:]) - statistics.median(sizes[:tenth])
    assert growth < 10_000_000, f"the zygote grew by {growth / 1e6:.1f} MB over {KERNELS} kernels"
    start, end = statistics.median(speeds[:tenth]), statistics.median(speeds[-tenth:])
    busy = 1.0 if KERNELS < 100 else 0.0  # a short run is at the mercy of what else the machine does
    assert end < 3 * start + busy, (
        f"cells took {start * 1e3:.1f} ms at the start and {end * 1e3:.1f} ms at the end"
    )
    assert per_kernel < 10
