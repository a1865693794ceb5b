"""Subprocesses are allowed only where a control group counts their memory together."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kernels_sandbox import IsolationError, KernelPool, Policy, probe
from kernels_sandbox.jail import JailError
from kernels_sandbox.jail.cgroup import MemoryGroup

FORK = """
import os
if os.fork() == 0:
    os._exit(3)
os.waitstatus_to_exitcode(os.wait()[1])
"""
FORK_AND_FILL = """
import os
filled, fill = os.pipe()
end, hold = os.pipe()
for _ in range(6):
    if os.fork() == 0:
        os.close(hold)
        block = bytearray(100 << 20)
        for at in range(0, len(block), 4096):
            block[at] = 1
        os.close(fill)
        os.read(end, 1)  # all have theirs at the same time, however slow the machine is
        os._exit(7)
os.close(fill)
os.read(filled, 1)  # until each has filled its block, or died over it
os.close(hold)
ends = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(6)]
print(sorted(ends))
"""


def groups() -> bool:
    try:
        return MemoryGroup(1 << 30).remove()
    except JailError:
        return False


def made() -> set[str]:
    return {path.name for path in Path("/sys/fs/cgroup").rglob(f"kernels-{os.getpid()}-*")}


@pytest.mark.skipif(probe().level == "none", reason="no isolation on this machine")
async def test_fork_times_memory_ends_at_the_limit_of_one_kernel() -> None:
    policy = Policy(processes=16, memory_mb=512, min_level=probe().level)
    if not groups():
        with pytest.raises(IsolationError, match="control group"):
            async with KernelPool(policy, warm=0):
                pass
        return
    before = made()
    async with KernelPool(policy, warm=0) as pool, pool.kernel() as kernel:
        plain = await kernel.execute(
            "import os\nif os.fork() == 0: os._exit(3)\nos.waitstatus_to_exitcode(os.wait()[1])"
        )
        assert plain.result == "3", plain
        result = await kernel.execute(FORK_AND_FILL, timeout=30)
        if result.status == "ok":  # some of the children were killed for memory, or could not be forked
            assert result.stdout.strip() != str([7] * 6)
        else:
            assert result.status in ("died", "error"), result
    assert made() <= before


async def test_without_leave_there_are_none() -> None:
    async with KernelPool(Policy(min_level=probe().level), warm=0) as pool, pool.kernel() as kernel:
        result = await kernel.execute("import os\nos.fork()")
    assert result.error is not None
    assert result.error.name == "PermissionError"
