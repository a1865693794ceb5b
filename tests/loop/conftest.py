"""One pool of real kernels for the tests of the loop; every test gets a kernel of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from kernels_sandbox import KernelPool, Policy
from mathagent.executor import KernelExecutor


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[KernelPool]:
    async with KernelPool(Policy(cell_seconds=20, min_level="none"), warm=1) as pool:
        yield pool


@pytest_asyncio.fixture(loop_scope="module")
async def executor(pool: KernelPool) -> AsyncIterator[KernelExecutor]:
    async with KernelExecutor(pool) as executor:
        yield executor
