"""Kernels for the sandbox's tests: real ones, one pool per test session, a fresh kernel per test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kernels_sandbox import Kernel, KernelPool, Policy, probe

BUDGET = 1_000_000
"""Bytes of output per cell in these tests."""


@pytest.fixture(scope="session")
def policy() -> Policy:
    """Tight limits, and whatever isolation this machine gives."""
    return Policy(
        cell_seconds=20, interrupt_grace=0.5, output_bytes=BUDGET, memory_mb=1024, min_level=probe().level
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pool(policy: Policy) -> AsyncIterator[KernelPool]:
    """A pool without warm kernels, for all tests of the session; what a test does to it must leave it whole."""
    async with KernelPool(policy, warm=0) as pool:
        yield pool


@pytest_asyncio.fixture(loop_scope="session")
async def kernel(pool: KernelPool) -> AsyncIterator[Kernel]:
    """A fresh kernel."""
    async with pool.kernel() as kernel:
        yield kernel
