"""Runs inside a jail, forks one confined child and has it try to get out: the last word on whether a level holds.

Started by `probe` through `jail_command`. Exit status 0 and nothing on standard error, or a line that says why.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from .confine import confine_self, forget_child, fork_child
from .inside import inside
from .levels import JailError, at_least
from .spec import ChildLimits


def _check() -> None:
    if os.geteuid() == 0:
        raise JailError("still root inside")
    Path("probe").write_text("x", encoding="utf-8")
    if at_least(inside().level, "landlock"):
        for path in ("/etc/hostname", "/etc/machine-id", "/etc/fstab", "/proc/1/environ"):
            try:
                os.close(os.open(path, os.O_RDONLY))
            except OSError:
                continue
            if path != "/proc/1/environ" or inside().level != "namespaces":  # there, process 1 is this one
                raise JailError(f"{path} can be read from inside")
    for attempt in (socket.socket, os.fork):
        try:
            attempt()
        except OSError:
            continue
        raise JailError(f"{attempt.__name__} is possible inside")


def main(argv: Sequence[str]) -> None:
    """No arguments."""
    child = fork_child()
    if child is None:
        try:
            confine_self(ChildLimits(memory_bytes=512 << 20, tmp_bytes=1 << 20))
            _check()
        except (OSError, JailError) as error:
            os.write(2, f"{error}\n".encode(errors="replace"))
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
    forget_child(child.pid)
    sys.exit(0 if status == 0 else 1)
