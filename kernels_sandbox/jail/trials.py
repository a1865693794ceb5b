"""Tries each layer of isolation in a child process of its own and prints what happened, as one line of JSON.

Run by `probe` in a bare interpreter, because each trial is irrevocable for the process that makes it and forking
the caller's own (threads, event loop) would be unsafe.
"""

from __future__ import annotations

import json
import mmap
import os
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from . import cgroup, landlock, seccomp, syscalls
from .identity import become, unprivileged_id
from .levels import JailError, Layer
from .mounts import INNER_ID
from .syscalls import CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUTS

_MEND_USER = (
    "allow user namespaces: sysctl user.max_user_namespaces > 0, kernel.unprivileged_userns_clone=1 (Debian), "
    "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 24.04 on); in Docker --security-opt seccomp=unconfined"
)
_MEND_PROC = "in Docker: --security-opt systempaths=unconfined, so that a fresh /proc may be mounted"
_MEND_LANDLOCK = "Linux 6.2 or later with landlock in the lsm= list of the kernel's command line"
_MEND_CGROUP = "run as root, or in a group that systemd delegates: systemd-run --user --scope -p Delegate=yes"
_MEND_OPEN = "install the environment where every user can read it, or run as an ordinary user"


def _unprivileged() -> None:
    uid = unprivileged_id()
    if uid is not None:
        become(uid)


def _user() -> None:
    _unprivileged()
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="utf-8")
    Path("/proc/self/uid_map").write_text(f"{INNER_ID} {uid} 1", encoding="utf-8")
    Path("/proc/self/gid_map").write_text(f"{INNER_ID} {gid} 1", encoding="utf-8")


def _with_user(flag: int) -> Callable[[], None]:
    def trial() -> None:
        _user()
        syscalls.unshare(flag)

    return trial


def _proc() -> None:
    _user()
    syscalls.unshare(CLONE_NEWNS | CLONE_NEWPID)
    syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    error = _in_child(lambda: syscalls.mount("proc", "/proc", "proc"))
    if error:
        raise JailError(error)


def _seccomp() -> None:
    syscalls.no_new_privileges()
    seccomp.install(seccomp.program(os.getpid()))
    try:
        os.fork()
    except PermissionError:
        return
    raise JailError("the filter was taken, but did not filter")


def _landlock() -> None:
    version = landlock.abi()
    if version < landlock.NEEDED_ABI:
        raise JailError(
            f"version {version} of Landlock, needed is {landlock.NEEDED_ABI}" if version else "no Landlock"
        )
    _unprivileged()
    syscalls.no_new_privileges()
    landlock.restrict(["/usr"], [], [])
    try:
        next(Path("/").iterdir())
    except PermissionError:
        return
    raise JailError("the rules were taken, but do not hold")


def _rlimits() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    try:
        mmap.mmap(-1, 2 << 30)
    except (OSError, MemoryError):
        return
    raise JailError("the limit on address space is not kept")


def _open_interpreter() -> None:
    _unprivileged()
    Path(sys.executable).read_bytes()
    next(Path(sys.prefix).iterdir())


def _cgroup() -> None:
    with cgroup.MemoryGroup(256 << 20):
        pass


_TRIALS: dict[str, tuple[Callable[[], None], str, str]] = {
    "user": (_user, "user namespace", _MEND_USER),
    "mount": (_with_user(CLONE_NEWNS), "mount namespace", _MEND_USER),
    "pid": (_with_user(CLONE_NEWPID), "pid namespace", _MEND_USER),
    "network": (_with_user(CLONE_NEWNET), "network namespace", _MEND_USER),
    "ipc": (_with_user(CLONE_NEWIPC), "ipc namespace", _MEND_USER),
    "uts": (_with_user(CLONE_NEWUTS), "uts namespace", _MEND_USER),
    "proc": (_proc, "fresh /proc in its namespaces", _MEND_PROC),
    "seccomp": (_seccomp, "system call filter", "a kernel with CONFIG_SECCOMP_FILTER"),
    "landlock": (_landlock, f"Landlock, version {landlock.abi()}", _MEND_LANDLOCK),
    "rlimits": (_rlimits, "resource limits", ""),
    "unprivileged": (_open_interpreter, "interpreter readable by any user", _MEND_OPEN),
    "cgroup": (_cgroup, "memory control group", _MEND_CGROUP),
}


def _in_child(trial: Callable[[], None]) -> str:
    """What went wrong with a trial, "" if nothing did."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        reason = ""
        try:
            trial()
        except (OSError, JailError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
        except BaseException as error:
            reason = repr(error)
        os.write(write, reason.encode(errors="replace"))
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        reason = pipe.read().decode(errors="replace")
    status = os.waitpid(pid, 0)[1]
    return reason or (
        "" if status == 0 else f"the trial ended with status {os.waitstatus_to_exitcode(status)}"
    )


def main(argv: Sequence[str]) -> None:
    """Run every trial and print {name: layer}."""
    layers: dict[str, Layer] = {}
    for name, (trial, what, mend) in _TRIALS.items():
        reason = _in_child(trial)
        layers[name] = Layer(not reason, f"{what}: {reason}" if reason else what, mend if reason else "")
    text = json.dumps({name: asdict(layer) for name, layer in layers.items()})
    os.write(1, text.encode())
