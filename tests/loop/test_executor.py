"""The kernel executor: a stop that comes too late must not hit the next cell."""

from __future__ import annotations

import pytest

from kernels_sandbox import KernelPool
from mathagent.executor import KernelExecutor

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_late_interrupt_has_no_effect(pool: KernelPool) -> None:
    async with KernelExecutor(pool) as executor:
        await executor.interrupt()  # before there is any kernel
        assert (await executor.execute("x = 6 * 7", timeout=30)).status == "ok"
        await executor.interrupt()
        assert (await executor.execute("x", timeout=30)).result == "42"
        await executor.interrupt()
        await executor.reset()
        assert (await executor.execute("x = 1", timeout=30)).status == "ok"
