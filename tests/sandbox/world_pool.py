"""Plays a host with a real pool in an attack test: the same requests and answers as `world_inside`, by KernelPool.

Run by `world_host` at level "pool-LEVEL", in whatever world it has become. Each request runs in a fresh kernel; a
sibling kernel that holds `s = 42` is asked after each.
"""

import asyncio
import json
import sys
from dataclasses import replace

import kernels_sandbox.pool
from kernels_sandbox import Kernel, KernelPool, Policy
from kernels_sandbox.jail import Level, probe

POLICY = Policy(memory_mb=640, tmp_mb=16, file_mb=4, threads=64, preload=(), output_bytes=200_000)


async def attack(pool: KernelPool, sibling: Kernel, request: dict[str, object]) -> dict[str, object]:
    """Run one request in a kernel of its own."""
    async with pool.kernel() as kernel:
        code = f"F = {request.get('facts', {})!r}\n{request['code']}"
        result = await kernel.execute(code, timeout=float(str(request.get("seconds", 10))))
        after = await kernel.execute("1 + 1", timeout=60) if request.get("then") else None
    error = f"{result.error.name}: {result.error.value}" if result.error else ""
    s = await sibling.execute("s", timeout=60)
    return {
        "said": result.stdout + result.stderr + error,
        "status": result.status,
        "detail": result.detail,
        "suspect": result.suspect,
        "after": after and {"result": after.result, "suspect": after.suspect, "status": after.status},
        "sibling": s.result or s.detail,
    }


async def main(level: Level) -> None:
    """Serve until stdin ends."""
    # The level is chosen lower than what the machine gives; that is the only thing that is not as in earnest.
    isolation = replace(probe(), level=level)
    kernels_sandbox.pool.probe = lambda: isolation  # type: ignore[attr-defined]
    loop = asyncio.get_running_loop()
    async with KernelPool(replace(POLICY, min_level=level)) as pool, pool.kernel() as sibling:
        await sibling.execute("s = 42")
        hello = {"level": pool.isolation.level}
        sys.stdout.write(json.dumps(hello) + "\n")
        sys.stdout.flush()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            answer = await attack(pool, sibling, json.loads(line))
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
