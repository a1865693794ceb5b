"""Nothing outlives its user: kernels, files, sockets, descriptors, also when the user is killed or the zygote is."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from kernels_sandbox import IsolationError, Kernel, KernelPool, KernelStartError, Policy, PoolClosed, probe
from kernels_sandbox.zygote import ZygoteLauncher

pytestmark = pytest.mark.asyncio(loop_scope="session")


def descriptors() -> set[tuple[str, str]]:
    """The descriptors that this process has open: number, and what it leads to (sockets and pipes by their inode).

    What must be empty is the difference to an earlier set. Their number says less: what tests before this one left to
    the garbage collector may be closed at any time.
    """
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists the folder is closed by now
            found.add((each.name, str(each.readlink())))
    return found


def temporary(pid: int) -> list[Path]:
    """What a process's pools have left in the temporary folder."""
    return list(Path(tempfile.gettempdir()).glob(f"kernels-sandbox-{pid}-*"))


def descendants() -> list[psutil.Process]:
    """Living child processes of this one."""
    return [child for child in psutil.Process().children(recursive=True) if child.status() != "zombie"]


async def gone(pids: list[int], seconds: float = 30.0) -> bool:
    """Whether all processes end within the time."""
    deadline = time.monotonic() + seconds
    while any(map(psutil.pid_exists, pids)):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def test_state_persists_and_never_leaks(pool: KernelPool) -> None:
    async with pool.kernel() as one, pool.kernel() as two:
        await one.execute("secret = 42")
        assert (await one.execute("secret")).result == "42"
        answer = await two.execute("secret")
        assert answer.error is not None
        assert answer.error.name == "NameError"
        assert one.pid != two.pid
    async with pool.kernel() as three:
        assert (await three.execute("'secret' in globals()")).result == "False"


async def test_restart_empties(kernel: Kernel) -> None:
    await kernel.execute("x = 1")
    await kernel.restart()
    assert kernel.generation == 1
    assert (await kernel.execute("'x' in globals()")).result == "False"


async def test_interrupt_ends_the_cell_and_keeps_state(kernel: Kernel) -> None:
    await kernel.execute("x = 1")
    task = asyncio.create_task(kernel.execute("while True: pass"))
    await asyncio.sleep(0.3)
    await kernel.interrupt()
    result = await task
    assert (result.status, result.state_lost) == ("interrupted", False)
    assert (await kernel.execute("x")).result == "1"


async def test_a_cancelled_call_interrupts_the_cell(kernel: Kernel) -> None:
    await kernel.execute("x = 1")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await kernel.execute("while True: pass")
    began = time.perf_counter()
    assert (await kernel.execute("x")).result == "1"
    assert time.perf_counter() - began < 10  # not the twenty seconds of its deadline


async def test_everything_ends_with_the_pool(policy: Policy) -> None:
    async with KernelPool(policy, warm=0) as pool, pool.kernel() as kernel:
        await kernel.execute("1")  # whatever is made once per process is made now
    before, family = descriptors(), set(descendants())
    async with KernelPool(policy, warm=2) as pool:
        async with pool.kernel() as one, pool.kernel() as two:
            await one.execute("1")
            await two.execute("import os; os._exit(1)")
        async with pool.kernel() as three:
            task = asyncio.create_task(three.execute("while True: pass"))
            await asyncio.sleep(0.2)
        assert (await task).status in {"died", "interrupted"}
    assert set(descendants()) <= family
    assert descriptors() - before == set()
    assert temporary(os.getpid()) == []


async def test_nothing_survives_a_killed_parent() -> None:
    script = Path(__file__).with_name("parent_that_dies.py")
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220  (a whole process is the point)
    try:
        assert parent.stdout is not None
        kernels = json.loads(await asyncio.to_thread(parent.stdout.readline))["pids"]
        family = [child.pid for child in psutil.Process(parent.pid).children(recursive=True)]
        assert set(kernels) <= set(family)
        assert len(family) >= 4
    finally:
        parent.kill()
        parent.wait()
    assert await gone(family), [psutil.Process(pid).cmdline() for pid in family if psutil.pid_exists(pid)]
    assert temporary(parent.pid) == []


async def test_the_pool_recovers_from_a_killed_zygote(policy: Policy) -> None:
    async with KernelPool(policy, warm=1) as pool:
        launcher = pool._launcher
        if not isinstance(launcher, ZygoteLauncher):
            pytest.skip("kernels are not forked here")
        async with pool.kernel() as kernel:
            await kernel.execute("x = 1")
            os.kill(launcher.pid, signal.SIGKILL)
            assert await gone([kernel.pid])
            began = time.perf_counter()
            result = await kernel.execute("x", timeout=20)
            assert result.status == "died"
            assert time.perf_counter() - began < 30  # a new zygote imports everything anew
            assert (await kernel.execute("1 + 1")).result == "2"
        async with pool.kernel() as another:
            assert (await another.execute("2 + 2")).result == "4"


async def test_kernels_differ_in_their_random_numbers(pool: KernelPool) -> None:
    code = (
        "import random, numpy, sympy.core.random\n"
        "for draw in random, numpy.random, sympy.core.random, numpy.random.default_rng(): print(draw.random())"
    )
    seen = []
    for _ in range(2):
        async with pool.kernel() as kernel:
            result = await kernel.execute(code, timeout=120)
            assert result.ok, result
            seen.append(result.stdout.split())
    assert [len(each) for each in seen] == [4, 4]
    for one, two in zip(*seen, strict=True):
        assert one != two


async def test_below_the_level_asked_for_the_pool_refuses(policy: Policy) -> None:
    if probe().level == "namespaces":
        pytest.skip("this machine gives every level")
    with pytest.raises(IsolationError, match="gives isolation level"):
        async with KernelPool(Policy(min_level="namespaces")):
            pass


async def test_a_module_that_does_not_exist_is_named(policy: Policy) -> None:
    async with KernelPool(Policy(preload=("no_such_module",), min_level=probe().level)) as pool:
        with pytest.raises(KernelStartError, match="no_such_module" if probe().level != "none" else "kernel"):
            async with pool.kernel():
                pass


async def test_startup_code_runs_and_its_error_is_told() -> None:
    level = probe().level
    policy = Policy(startup="import math\ntau = 2 * math.pi", min_level=level)
    async with KernelPool(policy) as pool, pool.kernel() as kernel:
        assert (await kernel.execute("round(tau, 3)")).result == "6.283"
    async with KernelPool(Policy(startup="1/0", min_level=level)) as pool:
        with pytest.raises(KernelStartError, match="ZeroDivisionError"):
            async with pool.kernel():
                pass


async def test_a_closed_pool_says_so(policy: Policy) -> None:
    pool = KernelPool(policy)
    with pytest.raises(PoolClosed):
        async with pool.kernel():
            pass
    async with pool, pool.kernel() as kernel:
        pass
    with pytest.raises(PoolClosed):
        await kernel.execute("1")
