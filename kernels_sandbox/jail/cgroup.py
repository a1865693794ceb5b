"""Memory of a whole tree of processes, by control groups, where this user may make them.

Limits that rlimits can't give: they count per process, this counts all that was ever put into the group and what
that forked. Version 2 needs a delegated group (systemd: `Delegate=yes`); version 1 in practice needs root.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from .levels import JailError

_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class _Files:
    """Names of the same things in both versions."""

    limit: str
    swap_limit: str
    peak: str
    current: str


_V1 = _Files(
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.max_usage_in_bytes",
    "memory.usage_in_bytes",
)
_V2 = _Files("memory.max", "memory.swap.max", "memory.peak", "memory.current")


def _own_group() -> tuple[Path, _Files]:
    """The folder of this process's memory group. Raises JailError where there is none."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise JailError(f"no control groups: {error.strerror}") from None
    unified = ""
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            for folder in (_ROOT / "memory" / path.lstrip("/"), _ROOT / "memory"):
                if (folder / _V1.limit).exists():
                    return folder, _V1
        if not controllers:
            unified = path
    folder = _ROOT / unified.lstrip("/")
    if unified and "memory" in _words(folder / "cgroup.controllers"):
        return folder, _V2
    raise JailError("no memory controller in this process's control group")


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split()
    except OSError:
        return []


class MemoryGroup:
    """A control group with a memory limit. Remove it when its processes have ended; it is a context manager."""

    def __init__(self, limit_bytes: int, name: str = "") -> None:
        """Make the group below this process's own.

        Args:
            limit_bytes: memory of all its processes together, page cache and tmpfs included.
            name: of the folder; default one that is unique to this process.

        Raises JailError where this user may not, or the memory controller is not there.
        """
        parent, self._files = _own_group()
        if self._files is _V2 and "memory" not in _words(parent / "cgroup.subtree_control"):
            # A group with processes of its own can't hand controllers down: then only a delegated sibling could.
            try:
                (parent / "cgroup.subtree_control").write_text("+memory", encoding="utf-8")
            except OSError as error:
                raise JailError(
                    f"control group {parent} gives no memory to groups below: {error.strerror}"
                ) from None
        self.path = parent / (name or f"kernels-{os.getpid()}-{time.monotonic_ns():x}")
        try:
            self.path.mkdir()
        except OSError as error:
            raise JailError(f"no control group can be made in {parent}: {error.strerror}") from None
        try:
            (self.path / self._files.limit).write_text(str(limit_bytes), encoding="utf-8")
        except OSError as error:
            self.path.rmdir()
            raise JailError(f"the memory limit can't be set: {error.strerror}") from None
        self._no_swap(limit_bytes)

    def _no_swap(self, limit_bytes: int) -> None:
        try:
            value = "0" if self._files is _V2 else str(limit_bytes)
            (self.path / self._files.swap_limit).write_text(value, encoding="utf-8")
        except OSError:
            return  # swap is not accounted for on this machine

    def add(self, pid: int) -> None:
        """Put a process in (host process id), and what it forks from now on. Raises OSError if it has ended."""
        (self.path / "cgroup.procs").write_text(str(pid), encoding="utf-8")

    def peak(self) -> int | None:
        """Most memory ever used at once, bytes; None where the kernel does not say."""
        words = _words(self.path / self._files.peak)
        return int(words[0]) if words else None

    def out_of_memory_kills(self) -> int:
        """How many of its processes were killed for memory."""
        words = _words(self.path / ("memory.events" if self._files is _V2 else "memory.oom_control"))
        return int(words[words.index("oom_kill") + 1]) if "oom_kill" in words else 0

    def remove(self, wait: float = 1.0) -> bool:
        """Remove the group; false where processes are still in it after `wait` seconds."""
        deadline = time.monotonic() + wait
        while True:
            try:
                self.path.rmdir()
                return True
            except FileNotFoundError:
                return True
            except OSError:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.01)

    def __enter__(self) -> MemoryGroup:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def host_pid(pidfd: int) -> int:
    """The process id, in this process's pid namespace, of the process behind a pidfd; -1 if it has ended."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text(encoding="utf-8").splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    return -1
