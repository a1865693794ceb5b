"""The whole benchmark, in order."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from kernels_sandbox.benchmark.clock import Samples, summary
from kernels_sandbox.benchmark.ends import ends
from kernels_sandbox.benchmark.memory import memory, stock_memory
from kernels_sandbox.benchmark.sessions import Say, burst, sessions
from kernels_sandbox.benchmark.starts import ours, stock, warm
from kernels_sandbox.errors import SandboxError
from kernels_sandbox.jail import probe
from kernels_sandbox.policy import Policy
from kernels_sandbox.pool import KernelPool


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
    async with KernelPool(policy, warm=0) as pool, KernelPool(policy, warm=1) as warm_pool:
        await ours(pool, {}, "")  # the zygotes come up
        await warm(warm_pool, {})
        stocks = max(6, rounds // 10)
        for turn in range(stocks):
            await stock(samples)
            for _ in range(rounds * turn // stocks, rounds * (turn + 1) // stocks):
                await ours(pool, samples, "fresh")
                await warm(warm_pool, samples)
        say("ends of kernels")
        for _ in range(max(10, rounds // 4)):
            await ends(pool, samples)
        result: dict[str, Any] = {
            "level": probe().level,
            "seconds": {k: summary(v) for k, v in samples.items()},
        }
        say("sessions of three cells")
        result["sessions"] = await sessions(pool, say)
        say("256 kernels at once")
        result["burst"] = await burst(pool, 256)
    say("memory")
    result["memory"] = {str(size): await memory(policy, size) for size in sizes}
    result["stock_memory"] = await stock_memory()
    return result


def _one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
