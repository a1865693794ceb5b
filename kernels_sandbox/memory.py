"""Memory of kernels that may have subprocesses: a control group each, since other limits count per process only."""

from __future__ import annotations

import asyncio
import contextlib

from kernels_sandbox.errors import IsolationError
from kernels_sandbox.jail import JailError
from kernels_sandbox.jail.cgroup import MemoryGroup
from kernels_sandbox.process import KernelProcess

_AGAIN_SECONDS = 0.2  # a group can be removed only when the last process of its kernel has been reaped


class KernelGroups:
    """Makes a group for each kernel and removes it after the kernel's end.

    Args:
        limit_bytes: memory of one kernel and all that it forks.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._groups: set[MemoryGroup] = set()

    def require(self) -> None:
        """Raises IsolationError where this user can't make control groups."""
        try:
            MemoryGroup(self._limit).remove()
        except JailError as error:
            raise IsolationError(
                f"subprocesses need a control group for their memory: {error}",
                "Policy(processes=0), or run where the memory controller is delegated",
            ) from None

    def add(self, process: KernelProcess) -> None:
        """Put a new kernel, which has run no code yet, into a group of its own."""
        group = MemoryGroup(self._limit)
        self._groups.add(group)
        with contextlib.suppress(OSError):  # it has ended already
            group.add(process.pid)
        loop = asyncio.get_running_loop()
        process.exited.add_done_callback(lambda _: loop.call_later(_AGAIN_SECONDS, self._remove, group))

    def close(self) -> None:
        """Remove every group; their kernels have ended."""
        for group in list(self._groups):
            group.remove()
        self._groups.clear()

    def _remove(self, group: MemoryGroup) -> None:
        if group in self._groups and group.remove(wait=0.0):
            self._groups.discard(group)
