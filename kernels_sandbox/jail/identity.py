"""Which user a jail started by root becomes, and becoming it."""

from __future__ import annotations

import os
from pathlib import Path

from . import syscalls

_OWN = 0x6B000000  # plus a process id: beyond every account, and no other process has it
_NOBODY = 65534


def _mapped(number: int, kind: str) -> bool:
    """Whether this user namespace has that id at all; containers often have a few only."""
    try:
        lines = Path(f"/proc/self/{kind}_map").read_text(encoding="utf-8").splitlines()
    except OSError:
        return True
    spans = [(int(first), int(count)) for first, _, count in map(str.split, lines)]
    return any(first <= number < first + count for first, count in spans)


def unprivileged_id(wanted: int | None = None) -> int | None:
    """The uid and gid that a jail started by this process runs as on the host; None: it stays the user it is.

    As root: `wanted`, or one that no account has, or 65534 where a container has no such number. Root of a user
    namespace with no other id (`unshare -r`) is an ordinary user outside, and stays.
    """
    if os.geteuid() != 0:
        return None
    choices = [wanted] if wanted is not None else [_OWN + os.getpid(), _NOBODY]
    for number in choices:
        if _mapped(number, "uid") and _mapped(number, "gid"):
            return number
    return None


def become(uid: int) -> None:
    """Change to that uid and gid for good, with no other groups and no capabilities."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # The change of uid made /proc/self root's own; the id maps are written there.
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)
