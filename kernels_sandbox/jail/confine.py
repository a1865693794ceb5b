"""Inside the outer jail: forking a kernel and shutting it into a jail of its own, before it runs anything.

    child = fork_child()
    if child is None:            # in the new process
        confine_self(limits)     # raises: leave with os._exit
        ...

One process, one thread, until `confine_self` has returned. Everything here is on the start path of every kernel.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import landlock, seccomp, syscalls
from .inside import DEAD, Inside, inside
from .levels import JailError, Level
from .mounts import INNER_ID, cover_tmp, tmpfs
from .remove import remove_tree
from .spec import ChildLimits
from .syscalls import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, mount

if sys.platform != "win32":
    import resource

_DEFAULT = ChildLimits()


@dataclass(frozen=True, slots=True)
class Child:
    """A forked kernel: its number in this pid namespace, and a descriptor that is readable once it has ended.

    The pidfd is the caller's to close (and to pass on); the process is the caller's to reap.
    """

    pid: int
    pidfd: int


@cache
def _own_pid_namespace() -> int:
    return os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)


def fork_child() -> Child | None:
    """Fork; at `namespaces` the child is the first process of a new pid namespace. None in the child.

    The child gets SIGKILL when this process ends. Call it from the only thread.
    Raises OSError where the system refuses; this process is then as before.
    """
    parent = os.getpid()
    if inside().level != "namespaces":
        pid = os.fork()
        if pid == 0:
            syscalls.die_with_parent()
            if os.getppid() != parent:
                os._exit(1)
            return None
        return Child(pid, syscalls.pidfd_open(pid))
    home = _own_pid_namespace()
    syscalls.unshare(syscalls.CLONE_NEWPID)
    try:
        pid = os.fork()
    except OSError:
        syscalls.setns(home, syscalls.CLONE_NEWPID)
        raise
    if pid == 0:
        os.close(home)
        syscalls.die_with_parent()
        return None
    syscalls.setns(home, syscalls.CLONE_NEWPID)
    return Child(pid, syscalls.pidfd_open(pid))


def confine_self(limits: ChildLimits = _DEFAULT) -> None:
    """Shut this process in, for good, at exactly the level of `limits`. About 3 ms.

    Afterwards: the working folder is a private one (/tmp; below `namespaces` one made for this process), HOME and
    TMPDIR say so, nothing else can be written, and the limits hold.

    Raises OSError or JailError where a step fails. The process is then half confined: it must end, not go on.
    """
    jail = inside()
    level: Level = limits.level or jail.level
    if level == "none":
        return
    if level != jail.level:
        raise JailError(f"asked for level {level} inside a jail of level {jail.level}")
    if limits.keep_fds is not None:
        syscalls.close_from(3, limits.keep_fds)
    os.setsid()
    if level == "namespaces":
        _own_namespaces(limits, jail)
    else:
        _own_folder(jail, level)
    _set_limits(limits, jail)
    syscalls.no_new_privileges()
    if level == "namespaces":
        syscalls.drop_bounding_set()
    syscalls.set_capabilities(0)
    syscalls.die_with_parent()
    seccomp.install(seccomp.program(0 if limits.subprocesses else os.getpid(), limits.subprocesses))


def _own_namespaces(limits: ChildLimits, jail: Inside) -> None:
    network = syscalls.CLONE_NEWNET if limits.own_network else 0
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS | network)
    cover_tmp("/tmp", jail.kept_in_tmp, limits.tmp_bytes, limits.tmp_inodes, "0700")
    link_data("/tmp", jail.data)
    for path in limits.hide:
        tmpfs(path, 4096, 2, "0555", MS_NOSUID | MS_NODEV | MS_RDONLY)
    # A new proc can be mounted only while this user namespace still owns the pid namespace.
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    writable_self = os.open("/proc/self", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    mount("/proc", "/proc", None, MS_BIND)
    syscalls.make_read_only("/proc", recursive=False)
    os.chdir("/tmp")
    # From here on the mounts belong to a namespace in which this process has no rights.
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    one = f"{INNER_ID} {INNER_ID} 1"
    for name, text in (("setgroups", "deny"), ("uid_map", one), ("gid_map", one)):
        fd = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=writable_self)
        os.write(fd, text.encode())
        os.close(fd)
    os.close(writable_self)


def link_data(folder: str, data: Iterable[tuple[str, str]]) -> None:
    """Make the data files, by name and place, reachable as data/<name> from a kernel's working folder."""
    for name, place in data:
        Path(folder, "data").mkdir(exist_ok=True)
        Path(folder, "data", name).symlink_to(place)


def _child_folder(jail: Inside, pid: int) -> str:
    return f"{jail.work}/kernel-{pid}"


def _own_folder(jail: Inside, level: Level) -> None:
    folder = _child_folder(jail, os.getpid())
    Path(folder).mkdir(mode=0o700)
    link_data(folder, jail.data)
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=folder)
    tempfile.tempdir = None
    if level == "landlock":
        syscalls.no_new_privileges()
        landlock.restrict(jail.readable, jail.devices, [folder])


def forget_child(pid: int) -> None:
    """Remove what a child that has been reaped left behind: its folder, below `namespaces`."""
    jail = inside()
    if jail.level not in ("rlimits", "landlock"):
        return
    folder = _child_folder(jail, pid)
    if not jail.swept:
        remove_tree(folder)  # it lies in a small file system in memory
        return
    with contextlib.suppress(OSError):
        Path(folder).rename(f"{jail.work}/{DEAD}{pid}-{time.monotonic_ns()}")


def _set_limits(limits: ChildLimits, jail: Inside) -> None:
    data = limits.data_bytes if limits.data_bytes is not None else limits.memory_bytes
    wanted: dict[int, int | None] = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_DATA: data,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: jail.task_ceiling or limits.tasks,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_SIGPENDING: 256,
    }
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        if value is not None:
            lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (lowest, lowest))


def prepare(limits: ChildLimits = _DEFAULT) -> None:
    """Do ahead, in the process that forks, what all children would do again. Optional."""
    seccomp.program(1, limits.subprocesses)
    _own_pid_namespace()
    inside()
