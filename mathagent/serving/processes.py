"""Processes by what they are, not by number alone: recognise one, end one with everything it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def identity(pid: int) -> str | None:
    """A word that no other process ever has, also not one with the same number later; None if there is no such process.

    On Linux the boot and the start time in clock ticks since it (the wall clock may be set); elsewhere the start time.
    A zombie counts as no process.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        if sys.platform == "linux":
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            return f"{boot}:{after_name[19]}"
        return f"{process.create_time():.3f}"
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return None


def is_running(pid: int, known: str) -> bool:
    """Whether the process that had this identity still runs."""
    return identity(pid) == known


def end_family(leader: int, known: str | None, *, grace: float) -> list[int]:
    """End a session leader with its descendants and its session: TERM to the leader, then KILL to what is left.

    Args:
        leader: process id of the session's leader; it may have ended before.
        known: its identity while it ran. If the number now belongs to another process, nothing is touched.
        grace: seconds the leader gets to end itself and its children.

    Returns:
        The ids that still run afterwards (none, unless the system refuses).
    """
    now = identity(leader)
    if now is not None and known is not None and now != known:
        return []
    members = _family(leader)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(leader, signal.SIGTERM) if now is not None else None
    deadline = time.monotonic() + (grace if now is not None else 0)
    while time.monotonic() < deadline and identity(leader) is not None:
        time.sleep(0.05)
    members |= _family(leader)
    for _ in range(3):  # a member may fork while the others are being killed
        for process in members:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                process.kill()
        psutil.wait_procs(members, timeout=3)
        members = {process for process in members if _alive(process)} | _family(leader)
        if not members:
            break
    return sorted(process.pid for process in members)


def kill_descendants() -> list[int]:
    """Kill all that this process has started or adopted. Returns the ids that still run afterwards."""
    gone_by = time.monotonic() + 5
    while (left := [each for each in psutil.Process().children(recursive=True) if _alive(each)]) and (
        time.monotonic() < gone_by
    ):
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                process.kill()
        psutil.wait_procs(left, timeout=1)
    return sorted(process.pid for process in left)


def family(leader: int) -> list[int]:
    """The ids of all living processes of the leader's session and of its descendants, itself included."""
    return sorted(process.pid for process in _family(leader))


def _family(leader: int) -> set[psutil.Process]:
    found: set[psutil.Process] = set()
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == leader and _alive(process):
                found.add(process)
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(leader)
        found |= {child for child in parent.children(recursive=True) if _alive(child)}
        if _alive(parent):
            found.add(parent)
    return found


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def adopt_orphans() -> None:
    """From now on, what a child of this process leaves behind becomes a child of this process (Linux; else nothing)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """From now on, this process gets SIGTERM when the thread that started it ends (Linux; else nothing).

    For a child between fork and exec, whose parent starts it from its main thread.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
