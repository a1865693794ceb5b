"""The system calls that Python's `os` lacks, by ctypes: namespaces, mounts, prctl, seccomp, Landlock, pidfds.

Every function raises OSError with the call's name, so that a refusal says which step the system refused.
Not here: what the calls are used for. Linux on x86_64 and aarch64 only; importing is harmless elsewhere.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from pathlib import Path

MACHINE = platform.machine()
SUPPORTED = sys.platform == "linux" and MACHINE in ("x86_64", "aarch64")

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_THREAD = 0x00010000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_NOATIME = 1024
MS_NODIRATIME = 2048
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_RELATIME = 1 << 21
MNT_DETACH = 2

_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_AT_RECURSIVE = 0x8000
_AT_EMPTY_PATH = 0x1000

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
PR_CAP_AMBIENT = 47

# (x86_64, aarch64)
_NUMBERS = {
    "pivot_root": (155, 41),
    "capget": (125, 90),
    "capset": (126, 91),
    "seccomp": (317, 277),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "close_range": (436, 436),
    "mount_setattr": (442, 442),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}

_libc = ctypes.CDLL(None if sys.platform != "win32" else "msvcrt", use_errno=True)


def _checked(result: int, name: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def raw(name: str, *args: int | bytes | ctypes.Array[ctypes.c_char] | ctypes.Structure | None) -> int:
    """Make the system call `name` by number. Integers are passed as 64-bit values, structures by reference."""
    if not SUPPORTED:
        raise OSError(38, f"{name}: not on this system")
    number = _NUMBERS[name][0 if MACHINE == "x86_64" else 1]
    plain: list[object] = []
    for value in args:
        if isinstance(value, int):
            plain.append(ctypes.c_long(value))
        elif isinstance(value, ctypes.Structure):
            plain.append(ctypes.byref(value))
        else:
            plain.append(value)
    return _checked(int(_libc.syscall(ctypes.c_long(number), *plain)), name)


def unshare(flags: int) -> None:
    """Leave the namespaces named by CLONE_NEW* flags for new ones."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd: int, kind: int) -> None:
    """Enter the namespace open as `fd`, which must be of the CLONE_NEW* `kind`."""
    _checked(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)), "setns")


def mount(
    source: str | None, target: str, fstype: str | None, flags: int = 0, data: str | None = None
) -> None:
    """Mount a file system, or with MS_BIND a folder or file, or change flags: the system call of that name."""
    _checked(
        _libc.mount(
            source.encode() if source is not None else None,
            target.encode(),
            fstype.encode() if fstype is not None else None,
            ctypes.c_ulong(flags),
            data.encode() if data is not None else None,
        ),
        f"mount {fstype or 'bind'} on {target}",
    )


def unmount(target: str, flags: int = MNT_DETACH) -> None:
    """umount2(2)."""
    _checked(_libc.umount2(target.encode(), ctypes.c_int(flags)), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root and put the old one at `old`: the system call of that name."""
    raw("pivot_root", new.encode(), old.encode())


class _MountAttr(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")]


def make_read_only(target: str, *, recursive: bool, nodev: bool = True) -> None:
    """Make the mount at `target` read-only and nosuid (and nodev); with `recursive` also every mount below it.

    Without mount_setattr (Linux < 5.12) each mount is remounted by itself.
    """
    wanted = _ATTR_RDONLY | _ATTR_NOSUID | (_ATTR_NODEV if nodev else 0)
    try:
        attr = _MountAttr(wanted, 0, 0, 0)
        raw("mount_setattr", -100, target.encode(), _AT_RECURSIVE if recursive else 0, attr, 32)
        return
    except OSError as error:
        if error.errno != 38:
            raise
    flags = MS_RDONLY | MS_NOSUID | (MS_NODEV if nodev else 0)
    for point in _mounts_below(target) if recursive else [target]:
        # The statvfs flags of nosuid, nodev, noexec, noatime and nodiratime have the values of the mount flags.
        present = os.statvfs(point).f_flag
        keep = present & (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)
        keep |= MS_RELATIME if present & 4096 else 0
        mount(None, point, None, MS_REMOUNT | MS_BIND | flags | keep)


def _mounts_below(target: str) -> list[str]:
    points = [target]
    with Path("/proc/self/mountinfo").open(encoding="utf-8", errors="surrogateescape") as table:
        for line in table:
            point = line.split()[4].encode("latin-1", "surrogateescape").decode("unicode_escape")
            if point.startswith(target.rstrip("/") + "/"):
                points.append(point)
    return points


def prctl(option: int, *args: int) -> None:
    """Set something of this process: the system call of that name, with integer arguments."""
    padded = [ctypes.c_ulong(value) for value in (*args, 0, 0, 0, 0)[:4]]
    _checked(_libc.prctl(ctypes.c_int(option), *padded), f"prctl {option}")


def die_with_parent() -> None:
    """Ask for SIGKILL when the thread that forked this process ends. A change of uid clears it."""
    prctl(PR_SET_PDEATHSIG, 9)


def no_new_privileges() -> None:
    """Make set-uid programs and file capabilities ineffective, for good."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def pidfd_open(pid: int) -> int:
    """A file descriptor that becomes readable when process `pid` ends (close-on-exec)."""
    return raw("pidfd_open", pid, 0)


def pidfd_kill(pidfd: int, signal: int = 9) -> None:
    """Send a signal through a pidfd."""
    raw("pidfd_send_signal", pidfd, signal, None, 0)


def close_from(first: int, keep: tuple[int, ...] = ()) -> None:
    """Close every descriptor from `first` on, except `keep`."""
    low = first
    for fd in sorted(fd for fd in set(keep) if fd >= first):
        os.closerange(low, fd)
        low = fd + 1
    try:
        raw("close_range", low, 0xFFFFFFFF, 0)
    except OSError:
        os.closerange(low, os.sysconf("SC_OPEN_MAX"))


class _CapHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapData(ctypes.Structure):
    _fields_ = [
        (name + half, ctypes.c_uint32)
        for half in ("_low", "_high")
        for name in ("effective", "permitted", "inheritable")
    ]


CAP_SYS_ADMIN = 21
CAP_SETPCAP = 8


def set_capabilities(mask: int) -> None:
    """Set the effective, permitted and inheritable sets to the capabilities in the bit mask `mask`."""
    low, high = mask & 0xFFFFFFFF, mask >> 32
    raw("capset", _CapHeader(0x20080522, 0), _CapData(low, low, low, high, high, high))


def effective_capabilities() -> int:
    """The effective set as a bit mask."""
    data = _CapData()
    raw("capget", _CapHeader(0x20080522, 0), data)
    return int(data.effective_low) | int(data.effective_high) << 32


def raise_ambient(capability: int) -> None:
    """Keep a capability across execve for a process that is not uid 0."""
    prctl(PR_CAP_AMBIENT, 2, capability)


def drop_bounding_set() -> None:
    """Drop every capability from the bounding set. Needs CAP_SETPCAP; do it before dropping that."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno == 22:  # beyond the last one that this kernel knows
                return
            raise
