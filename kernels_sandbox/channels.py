"""Listening sockets for the channels of a Jupyter client, made here and passed to the kernel as descriptors.

The kernel binds to the passed descriptors (ZMQ_USE_FD), so no path of a socket exists inside a jail. Outside they need
a folder as long as the kernel lives; that of a process that was killed is removed by the next one that makes a folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
import time
from pathlib import Path

_PREFIX = "kernels-sandbox-jupyter-"
_LOCK = "lock"
_UNLOCKED_SECONDS = 60.0
"""Age at which a folder without a lock counts as left behind: its maker was killed before it could lock it."""

_held: dict[Path, int] = {}


def listen(path: Path) -> socket.socket:
    """A listening unix socket at `path`."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        listener.listen(8)
    except OSError:
        listener.close()
        raise
    return listener


def make_folder() -> Path:
    """A new folder for sockets, this process's until it ends or calls `remove_folder`. Sweeps those left behind."""
    for folder in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        _sweep(folder)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = _lock(folder, os.O_CREAT)
        if lock is not None and folder.exists():
            _held[folder] = lock
            return folder
        if lock is not None:  # somebody who sweeps was faster
            os.close(lock)


def remove_folder(folder: Path) -> None:
    """Remove a folder that `make_folder` made."""
    shutil.rmtree(folder, ignore_errors=True)
    lock = _held.pop(folder, None)
    if lock is not None:
        os.close(lock)


def _lock(folder: Path, flags: int = 0) -> int | None:
    """The folder's lock, ours until it is closed; None if another has it. Raises FileNotFoundError."""
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _sweep(folder: Path) -> None:
    """Remove the folder if its process has ended: then nobody holds its lock."""
    lock = None
    try:
        status = folder.stat()
        if status.st_uid != os.getuid():
            return
        try:
            lock = _lock(folder)
            left = lock is not None
        except FileNotFoundError:
            left = time.time() - status.st_mtime > _UNLOCKED_SECONDS
        if left:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return
    finally:
        if lock is not None:
            os.close(lock)
