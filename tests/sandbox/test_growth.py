"""The process that forks kernels stays as it is, however many it has forked.

SANDBOX_FORKS sets the number (default 120; the full run is 10000).
"""

from __future__ import annotations

import asyncio
import os

import psutil
import pytest

from kernels_sandbox import KernelPool, Policy, probe
from kernels_sandbox.zygote import ZygoteLauncher

FORKS = int(os.environ.get("SANDBOX_FORKS", "120"))
ALLOWED = 2_000_000
"""Bytes by which it may be larger at the end."""


def _zygote(pool: KernelPool) -> psutil.Process:
    """The process that forks; its jail's monitor is between us and it."""
    launcher = pool._launcher
    if not isinstance(launcher, ZygoteLauncher):
        pytest.skip("kernels are not forked here")
    (zygote,) = (
        child
        for child in psutil.Process(launcher.pid).children()
        if "kernels_sandbox.inside.zygote" in child.cmdline()
    )
    return zygote


def _size(process: psutil.Process) -> tuple[int, int, int, int]:
    """Resident bytes, descriptors, threads, children."""
    with process.oneshot():
        return process.memory_info().rss, process.num_fds(), process.num_threads(), len(process.children())


@pytest.mark.timeout(120 + FORKS)
async def test_the_zygote_does_not_grow(capsys: pytest.CaptureFixture[str]) -> None:
    async with KernelPool(Policy(min_level=probe().level), warm=0) as pool:
        gate = asyncio.Semaphore(4)

        async def life() -> None:
            async with gate, pool.kernel() as kernel:
                assert kernel.alive

        await asyncio.gather(*(life() for _ in range(20)))
        zygote = _zygote(pool)
        before = await _settled(zygote)
        for start in range(0, FORKS, 100):
            await asyncio.gather(*(life() for _ in range(min(100, FORKS - start))))
        after = await _settled(zygote)
    with capsys.disabled():
        if FORKS >= 1000:
            print(
                f"\nzygote after {FORKS} forks: {before} -> {after} (resident bytes, descriptors, threads, children)"
            )
    assert after[0] - before[0] < ALLOWED
    assert after[1:] == before[1:]


async def _settled(zygote: psutil.Process) -> tuple[int, int, int, int]:
    """Its size once it has no children left."""
    async with asyncio.timeout(60):
        while (size := _size(zygote))[3]:  # noqa: ASYNC110  (nothing announces that a child was reaped)
            await asyncio.sleep(0.05)
    return size
