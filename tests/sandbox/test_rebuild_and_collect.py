"""A killed kernel's cells run again; files come out when asked, and go in read-only."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from kernels_sandbox import CollectError, Kernel, KernelPool, Policy, SandboxError, probe
from kernels_sandbox.jail import LEVELS, Level, at_least

pytestmark = pytest.mark.asyncio(loop_scope="session")


NUMBER = "import random; number = random.random(); number"


async def own_number(kernel: Kernel) -> str:
    """A number that no other kernel draws: a cell can tell by it that it is run again elsewhere."""
    return (await kernel.execute(NUMBER)).result or ""


async def test_rebuild_restores_what_had_succeeded(kernel: Kernel) -> None:
    await kernel.execute("x = 20")
    await kernel.execute("z = 1\n1/0")
    await kernel.execute("y = x + 1")
    assert (await kernel.execute("import os; os._exit(1)")).state_lost
    assert (await kernel.execute("'x' in globals()")).result == "False"
    rebuilt = await kernel.rebuild()
    assert rebuilt.complete
    assert rebuilt.restored == ("x = 20", "y = x + 1", "'x' in globals()")
    assert rebuilt.unknown == ("z = 1\n1/0", "import os; os._exit(1)")
    assert (await kernel.execute("x, y, 'z' in globals()")).result == "(20, 21, False)"


async def test_rebuild_leaves_out_what_fails_now(pool: KernelPool) -> None:
    async with pool.kernel() as kernel:
        await kernel.execute("import os\nv = 1")
        unlike = f"assert {await own_number(kernel)} == number"
        assert (await kernel.execute(unlike)).ok
        await kernel.execute("w = 2")
        await kernel.execute("os._exit(1)")
        rebuilt = await kernel.rebuild()
        assert rebuilt.lost == (unlike,)
        assert not rebuilt.complete
        assert (await kernel.execute("v + w")).result == "3"


async def test_rebuild_is_bounded_in_time(kernel: Kernel) -> None:
    await kernel.execute("a = 1")
    slow = f"import time; time.sleep(0 if {await own_number(kernel)} == number else 100)"
    assert (await kernel.execute(slow)).ok
    await kernel.execute("b = 2")
    await kernel.execute("import os; os._exit(1)")
    began = time.perf_counter()
    rebuilt = await kernel.rebuild(timeout=3)
    assert time.perf_counter() - began < 50
    assert rebuilt.restored == ("a = 1", NUMBER)
    assert rebuilt.lost == (slow, "b = 2")
    assert (await kernel.execute("a")).result == "1"


async def test_collect_a_file(kernel: Kernel) -> None:
    await kernel.execute("open('out.bin', 'wb').write(bytes(range(256)) * 8000)")
    assert await kernel.collect("out.bin") == bytes(range(256)) * 8000
    assert (await kernel.execute("In[-1]")).result is not None


async def test_collect_refuses(kernel: Kernel) -> None:
    await kernel.execute("open('big', 'wb').write(b'x' * 1000)")
    with pytest.raises(CollectError, match="more than the 999"):
        await kernel.collect("big", max_bytes=999)
    with pytest.raises(CollectError, match="FileNotFoundError"):
        await kernel.collect("nothing")
    with pytest.raises(CollectError):
        await kernel.collect("/dev/zero", max_bytes=1000)


@pytest.mark.parametrize("level", LEVELS)
async def test_data_files_are_in_the_same_place_at_every_level(
    level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = probe()
    if not at_least(machine.level, level):
        pytest.skip(f"this machine gives {machine.level}")
    lower = replace(machine, level=level)
    monkeypatch.setattr("kernels_sandbox.pool.probe", lambda: lower)
    table = tmp_path / "table.csv"
    table.write_text("1,2\n")
    async with KernelPool(Policy(data={"table.csv": table}, min_level=level), warm=0) as pool:
        assert pool.isolation.level == level
        async with pool.kernel() as kernel, pool.kernel() as another:
            for one in (kernel, another):
                assert (await one.execute("open('data/table.csv').read()")).result == repr("1,2\n")
            assert await kernel.collect("data/table.csv") == b"1,2\n"
    assert table.read_text() == "1,2\n"


async def test_a_data_file_that_is_not_there_is_named(tmp_path: Path, policy: Policy) -> None:
    policy = replace(policy, data={"x": tmp_path / "none.csv"})
    async with KernelPool(policy, warm=0) as pool:
        with pytest.raises(SandboxError, match=r"none\.csv"):
            async with pool.kernel():
                pass


async def test_data_files_are_read_only(tmp_path: Path) -> None:
    if probe().level != "namespaces":
        pytest.skip("only at the level namespaces has a kernel a file system of its own")
    table = tmp_path / "table.csv"
    table.write_text("1,2\n")
    async with KernelPool(Policy(data={"table.csv": table}), warm=0) as pool, pool.kernel() as kernel:
        assert (await kernel.execute("open('/data/table.csv').read()")).result == repr("1,2\n")
        refused = await kernel.execute("open('/data/table.csv', 'w')")
        assert refused.error is not None
        assert refused.error.name in {"OSError", "PermissionError"}
        assert (await kernel.execute(f"__import__('os').path.exists({str(table)!r})")).result == "False"
