"""Run by a test as its own process: opens kernels, says what there is, and waits to be killed."""

from __future__ import annotations

import asyncio
import json
import sys

from kernels_sandbox import KernelPool, Policy, probe

BUSY = """
print("begun", flush=True)
while True:
    try:
        for _ in range(10 ** 6): pass
    except BaseException:
        pass
"""


async def main() -> None:
    """One busy kernel, one idle, two warm."""
    async with (
        KernelPool(Policy(min_level=probe().level), warm=2) as pool,
        pool.kernel() as one,
        pool.kernel() as two,
    ):
        await two.execute("1")
        begun = asyncio.Event()
        busy = asyncio.create_task(one.execute(BUSY, timeout=600, on_output=lambda _: begun.set()))
        await begun.wait()
        sys.stdout.write(json.dumps({"pids": [one.pid, two.pid]}) + "\n")
        sys.stdout.flush()
        await busy


if __name__ == "__main__":
    asyncio.run(main())
