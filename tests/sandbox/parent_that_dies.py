"""Run by a test as its own process: opens kernels, says what there is, and waits to be killed."""

from __future__ import annotations

import asyncio
import json
import sys

from kernels_sandbox import KernelPool, Policy, probe

BUSY = "while True:\n    try:\n        for _ in range(10 ** 6): pass\n    except BaseException:\n        pass"


async def main() -> None:
    """One busy kernel, one idle, two warm."""
    async with (
        KernelPool(Policy(min_level=probe().level), warm=2) as pool,
        pool.kernel() as one,
        pool.kernel() as two,
    ):
        await two.execute("1")
        busy = asyncio.create_task(one.execute(BUSY, timeout=600))
        await asyncio.sleep(1.5)
        sys.stdout.write(json.dumps({"pids": [one.pid, two.pid]}) + "\n")
        sys.stdout.flush()
        await busy


if __name__ == "__main__":
    asyncio.run(main())
