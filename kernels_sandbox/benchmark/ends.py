"""How soon the end of a kernel is known: one that dies by itself, and one that is stuck and must be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import psutil

from kernels_sandbox.benchmark.clock import Samples
from kernels_sandbox.kernel import Kernel
from kernels_sandbox.live import LiveKernel
from kernels_sandbox.pool import KernelPool
from kernels_sandbox.result import CellResult

DEATH = "death noticed"
KILL = "stuck kernel killed and reaped"

_SLEEPS = "import time; print('begun', flush=True); time.sleep(60)"
_STUCK = "print('begun', flush=True); max(range(10 ** 13))"  # C code that no interrupt reaches


async def ends(pool: KernelPool, samples: Samples) -> None:
    """One kernel killed from outside during a cell, one killed by its handle: seconds until each is known."""
    async with pool.kernel() as kernel:
        live, cell = await _busy(kernel, _SLEEPS)
        began = time.perf_counter()
        os.kill(live.process.pid, signal.SIGKILL)
        await live.process.exited
        samples.setdefault(DEATH, []).append(time.perf_counter() - began)
        await cell
    async with pool.kernel() as kernel:
        live, cell = await _busy(kernel, _STUCK)
        began = time.perf_counter()
        live.process.kill()
        await asyncio.to_thread(_reaped, live.process.pid)
        samples.setdefault(KILL, []).append(time.perf_counter() - began)
        await cell


async def _busy(kernel: Kernel, code: str) -> tuple[LiveKernel, asyncio.Future[CellResult]]:
    """The kernel's process in the middle of a cell, and the cell."""
    begun = asyncio.Event()
    live = kernel._live
    assert live is not None
    cell = asyncio.ensure_future(live.execute(code, 60, lambda _: begun.set()))
    await begun.wait()
    return live, cell


def _reaped(pid: int) -> None:
    """Wait until not even a zombie is left."""
    while psutil.pid_exists(pid):
        time.sleep(0.0005)
