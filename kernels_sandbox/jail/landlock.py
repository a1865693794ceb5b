"""Landlock: file and network access given up by an ordinary process, with no privilege and no namespace.

What it can't do is said in THREATS.md: it has no size limits, and hides contents, not names and sizes of files.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable

from . import syscalls

# The first version that also controls truncation (Linux 6.2): below it a reader could empty files.
NEEDED_ABI = 3

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_MAKE_CHAR, _MAKE_BLOCK, _MAKE_SOCK = 1 << 6, 1 << 11, 1 << 9
_ALL_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL_FILES = (1 << 16) - 1  # ABI 5 on
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
READ = _EXECUTE | _READ_FILE | _READ_DIR
DEVICE = _READ_FILE | _WRITE_FILE


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("access", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def abi() -> int:
    """The kernel's Landlock version, 0 where there is none."""
    try:
        return syscalls.raw("landlock_create_ruleset", None, 0, 1)
    except OSError:
        return 0


def _handled(version: int) -> tuple[int, int, int]:
    files = _ALL_BY_ABI.get(version, _ALL_FILES)
    network = 3 if version >= 4 else 0  # bind and connect of TCP
    scoped = 3 if version >= 6 else 0  # abstract unix sockets, signals
    return files, network, scoped


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what isn't there, or can't be reached, needs no permission
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            access &= _ON_FILES
        syscalls.raw("landlock_add_rule", ruleset, 1, _Beneath(access, fd), 0)
    finally:
        os.close(fd)


def restrict(
    readable: Iterable[str], devices: Iterable[str], writable: Iterable[str], listable: Iterable[str] = ()
) -> None:
    """Give up every file outside the lists, all TCP, and signals and abstract sockets to the outside.

    Called again it can only take away more. Needs no_new_privs; holds for the calling thread and what it forks.

    Args:
        readable: files and folders to read and execute.
        devices: files to read and write.
        writable: folders to do everything in except run programs and make device files and sockets.
        listable: folders to list, with all below, and nothing more.

    Raises OSError where the kernel has no Landlock.
    """
    version = abi()
    files, network, scoped = _handled(version)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = syscalls.raw("landlock_create_ruleset", _Ruleset(files, network, scoped), size, 0)
    try:
        for path in readable:
            _allow(ruleset, path, READ)
        for path in listable:
            _allow(ruleset, path, _READ_DIR)
        for path in devices:
            _allow(ruleset, path, DEVICE)
        for path in writable:
            _allow(ruleset, path, files & ~(_EXECUTE | _MAKE_CHAR | _MAKE_BLOCK | _MAKE_SOCK | _IOCTL_DEV))
        syscalls.raw("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)
