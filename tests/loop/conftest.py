"""One pool of real kernels for the tests of the loop."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kernels_sandbox import KernelPool, Policy
from mathagent.executor import KernelExecutor


@pytest.fixture
async def executor() -> AsyncIterator[KernelExecutor]:
    async with KernelPool(Policy(cell_seconds=20), warm=0) as pool, KernelExecutor(pool) as executor:
        yield executor
