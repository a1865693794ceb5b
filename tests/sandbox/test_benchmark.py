"""The benchmark's peers give right answers, ours among them, and its report can be read; what it says is not tested."""

from __future__ import annotations

import pytest

from kernels_sandbox import KernelPool, SandboxError
from kernels_sandbox.benchmark import ends, peers, report
from kernels_sandbox.benchmark.clock import Samples
from kernels_sandbox.benchmark.sessions import FORKING_SERVER, SANDBOX

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_session_of_ours(pool: KernelPool) -> None:
    await peers.sandbox(pool)()


@pytest.mark.parametrize("peer", [peers.stock, peers.plain, peers.forking_server, peers.smolagents])
async def test_a_session_of_a_peer(peer: peers.Peer) -> None:
    async with peer() as session:
        if session is None:
            pytest.skip("what it needs is not installed")
        await session()


async def test_the_ends_of_kernels(pool: KernelPool) -> None:
    samples: Samples = {}
    await ends.ends(pool, samples)
    assert {name: len(times) for name, times in samples.items()} == {ends.DEATH: 1, ends.KILL: 1}


async def test_a_wrong_answer_does_not_count() -> None:
    with pytest.raises(SandboxError, match="wrong answer"):
        peers.check(0, "[2, 4]")


async def test_the_report_compares_ours_with_each() -> None:
    time = {"n": 1, "p50": 0.01, "p95": 0.02}
    names = ("ready", "ready and solve")
    seconds = {f"{kind} {name}": time for kind in ("fresh", "warm", "stock") for name in names}
    seconds |= {name: time for name in ("trivial cell", "stock trivial cell", ends.DEATH, ends.KILL)}
    rates = {"1": {**time, "per_second": 12.0}}
    slower = {"1": {**time, "per_second": 2.0}}
    numbers = {
        "level": "namespaces",
        "seconds": seconds,
        "sessions": {SANDBOX: rates, FORKING_SERVER: slower},
        "burst": {"kernels": 256, "first": 1.0, "median": 2.0, "last": 3.0},
        "memory": {"100": {"idle": 7e6, "solved": 15e6, "machine": 9e6}},
        "stock_memory": {"idle": 40e6, "solved": 80e6},
    }
    lines = report(numbers).splitlines()
    assert any(FORKING_SERVER in line and "2.00 (6.0x)" in line for line in lines)
    assert any(line.strip().startswith(ends.DEATH) and "10.0" in line for line in lines)
    assert any("100 alive: 7.0 / 15.0 / 9.0" in line for line in lines)
