"""The launcher: runs in a bare interpreter, builds the outer jail and stays as its monitor.

    host process -> monitor (this) -> first process of the jail (argv)

The monitor ends the jail when the host process ends, and the jail's first process dies with the monitor, so that
nothing survives either. Started by the argument list that `jail_command` makes; not for import by others.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from . import landlock, mounts, syscalls
from .command import start_time
from .identity import become, unprivileged_id
from .inside import DEAD, VARIABLE
from .levels import JailError
from .remove import remove_tree
from .spec import DATA, Plan

FAILED = 97
_SPARE_TASKS = 1024
_SWEEP_SECONDS = 0.5
_NAMESPACES = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
    | syscalls.CLONE_NEWCGROUP
)
_READABLE_SYSTEM = (
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/dev/urandom",
    "/dev/random",
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full")


def main(argv: Sequence[str]) -> NoReturn:
    """Arguments: the plan as JSON, "--", the program and its arguments."""
    try:
        plan = Plan.from_json(argv[0])
        status = _run(plan, list(argv[2:]))
    except (OSError, JailError) as error:
        _fail(error)
    sys.exit(status)


def _fail(error: Exception) -> NoReturn:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if isinstance(error, OSError) and error.filename:
        reason = f"{reason}: {error.filename}"
    os.write(2, f"jail: {reason}\n".encode(errors="replace"))
    os._exit(FAILED)


def _run(plan: Plan, argv: list[str]) -> int:
    if os.getpid() != os.getsid(0):
        os.setsid()  # no signals from, and no typing into, the user's terminal
    host = syscalls.pidfd_open(plan.parent)
    if start_time(plan.parent) != plan.parent_start:
        raise JailError("the process that asked for the jail has ended")
    syscalls.close_from(3, keep=(*plan.fds, host))
    for name in set(os.environ) - set(plan.env_allowed) - {"PATH", "HOME", "TMPDIR"}:
        del os.environ[name]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if plan.level == "namespaces":
        return _in_namespaces(plan, argv, host)
    return _without_user_namespaces(plan, argv, host)


def _in_namespaces(plan: Plan, argv: list[str], host: int) -> int:
    uid, root = unprivileged_id(plan.uid), ""
    if uid is not None:
        syscalls.unshare(syscalls.CLONE_NEWNS)
        root = mounts.stage(plan)
        become(uid)
    own_uid, own_gid = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER | _NAMESPACES)
    Path("/proc/self/setgroups").write_text("deny", encoding="utf-8")
    Path("/proc/self/uid_map").write_text(f"{mounts.INNER_ID} {own_uid} 1", encoding="utf-8")
    Path("/proc/self/gid_map").write_text(f"{mounts.INNER_ID} {own_gid} 1", encoding="utf-8")
    root = root or mounts.stage(plan)

    def inside(_: int) -> None:
        mounts.enter(plan, root)
        syscalls.no_new_privileges()
        keep = 1 << syscalls.CAP_SYS_ADMIN
        # First the sets, then the bounding set: what has left that can't become inheritable.
        syscalls.set_capabilities(keep | 1 << syscalls.CAP_SETPCAP)
        syscalls.drop_bounding_set()
        syscalls.set_capabilities(keep)
        syscalls.raise_ambient(syscalls.CAP_SYS_ADMIN)
        os.environ[VARIABLE] = json.dumps(
            {
                "level": plan.level,
                "work": "/tmp",
                "kept_in_tmp": mounts.kept_in_tmp(plan),
                "data": _data(plan, mounted=True),
            }
        )
        os.execve(argv[0], argv, os.environ)

    return _supervise(inside, plan.fds, host)


def _without_user_namespaces(plan: Plan, argv: list[str], host: int) -> int:
    """Landlock or only limits. Root, where it is more than a name, still gives mount, pid and network namespaces."""
    uid, root, work, sweeper = unprivileged_id(plan.uid), "", "", 0
    if uid is None and os.geteuid() == 0:
        raise JailError("root of a container with no other user: nobody to become; run as an ordinary user")
    if uid is not None and syscalls.effective_capabilities() >> syscalls.CAP_SYS_ADMIN & 1:
        syscalls.unshare(_NAMESPACES)
        root = mounts.stage(plan)
    else:
        work = tempfile.mkdtemp(prefix="kernels-jail-")
        sweeper = _start_sweeper(work)
        if uid is not None:
            os.chown(work, uid, uid)
    readable = [*(bind.target if root else bind.source for bind in plan.binds), *_READABLE_SYSTEM]
    facts = {
        "level": plan.level,
        "work": work or "/tmp",
        "readable": readable,
        "devices": _DEVICES,
        "swept": bool(sweeper),
        "data": _data(plan, mounted=bool(root)),
        "task_ceiling": _tasks(uid if uid is not None else os.geteuid()) + _SPARE_TASKS,
    }

    def inside(monitor: int) -> None:
        if root:
            mounts.enter(plan, root)
        if uid is not None:
            become(uid)
            _die_with_monitor(monitor)  # again: the change of uid cleared it
        syscalls.no_new_privileges()
        os.environ.update({VARIABLE: json.dumps(facts), "HOME": work or "/tmp", "TMPDIR": work or "/tmp"})
        os.chdir(work or "/tmp")
        if plan.level == "landlock":
            landlock.restrict([*readable, "/proc"], _DEVICES, [work or "/tmp"], plan.listable)
        os.execve(argv[0], argv, os.environ)

    try:
        return _supervise(inside, plan.fds, host)
    finally:
        if sweeper:
            remove_tree(work)
            os.kill(sweeper, signal.SIGKILL)
            os.waitpid(sweeper, 0)


def _data(plan: Plan, *, mounted: bool) -> list[tuple[str, str]]:
    """Name and place inside of every data file."""
    return [
        (bind.target.removeprefix(DATA), bind.target if mounted else bind.source)
        for bind in plan.binds
        if bind.target.startswith(DATA)
    ]


def _start_sweeper(work: str) -> int:
    """Fork a helper that removes the folders of dead kernels, and the work folder should this monitor be killed.

    The process that forks kernels only marks them: a folder with a million files must not keep it busy.
    """
    monitor = syscalls.pidfd_open(os.getpid())
    pid = os.fork()
    if pid > 0:
        os.close(monitor)
        return pid
    syscalls.close_from(0, keep=(monitor,))
    while not select.select([monitor], [], [], _SWEEP_SECONDS)[0]:
        for folder in Path(work).glob(DEAD + "*"):
            remove_tree(str(folder))
    for _ in range(100):  # the jail dies with the monitor, but not in the same instant
        remove_tree(work)
        if not Path(work).exists():
            break
        time.sleep(0.02)
    os._exit(0)


def _tasks(uid: int) -> int:
    """How many threads the uid has now."""
    total = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if entry.stat().st_uid == uid:
                    total += sum(1 for _ in (entry / "task").iterdir())
            except OSError:
                continue
    return total


def _stop(*_: object) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


def _die_with_monitor(monitor: int) -> None:
    """Ask for death with the monitor; `monitor` is a pipe that only it can write to, closed if it is dead already."""
    syscalls.die_with_parent()
    if select.select([monitor], [], [], 0)[0]:
        os._exit(FAILED)


def _supervise(inside: Callable[[int], None], fds: tuple[int, ...], host: int) -> int:
    """Fork, run `inside` (which execs) in the child, wait for it or for the host process. Returns an exit status."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(write)
            os.close(host)
            _die_with_monitor(read)
            inside(read)
        except (OSError, JailError) as error:
            _fail(error)
        except BaseException:
            os._exit(FAILED)
    os.close(read)
    child = syscalls.pidfd_open(pid)
    for fd in fds:
        os.close(fd)
    signal.signal(signal.SIGTERM, _stop)
    try:
        select.select([child, host], [], [])
    finally:
        syscalls.pidfd_kill(child, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code
