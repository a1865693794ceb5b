"""Removing a folder that hostile code has filled: whatever its depth, its rights and its links.

`shutil.rmtree` goes as deep as the tree, in calls and in open files, and so can be made to fail.
"""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path


def remove_tree(top: str) -> None:
    """Remove a folder with all below it; nothing is followed out of it. Errors are passed over: see whether it is gone.

    Folders are moved up into `top` until none has a folder in it, so depth costs neither calls nor open files.
    """
    try:
        top_fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    numbers = count()
    try:
        while _one_pass(top_fd, numbers):
            pass
    finally:
        os.close(top_fd)
    try:
        Path(top).rmdir()
    except OSError:
        return


def _one_pass(top_fd: int, numbers: count[int]) -> bool:
    """Empty what lies in `top`; whether that changed anything and something is left."""
    changed = left = False
    for name in _names(top_fd):
        if _unlink(name, top_fd):
            changed = True
            continue
        left = True
        folder_fd = _open(name, top_fd)
        if folder_fd < 0:
            continue
        try:
            for inner in _names(folder_fd):
                changed |= _unlink(inner, folder_fd) or _move_up(
                    inner, folder_fd, top_fd, f"..{next(numbers)}"
                )
        finally:
            os.close(folder_fd)
        try:
            os.rmdir(name, dir_fd=top_fd)
            changed = True
        except OSError:
            continue
    return changed and left


def _names(folder_fd: int) -> list[str]:
    with os.scandir(folder_fd) as entries:
        return [entry.name for entry in entries]


def _unlink(name: str, folder_fd: int) -> bool:
    try:
        os.unlink(name, dir_fd=folder_fd)
    except OSError:
        return False
    return True


def _move_up(name: str, folder_fd: int, top_fd: int, new: str) -> bool:
    try:
        os.rename(name, new, src_dir_fd=folder_fd, dst_dir_fd=top_fd)
    except OSError:
        _open_rights(name, folder_fd)  # a folder without rights for its owner can't be moved
        try:
            os.rename(name, new, src_dir_fd=folder_fd, dst_dir_fd=top_fd)
        except OSError:
            return False
    return True


def _open(name: str, folder_fd: int) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    _open_rights(name, folder_fd)
    try:
        return os.open(name, flags, dir_fd=folder_fd)
    except OSError:
        return -1


def _open_rights(name: str, folder_fd: int) -> None:
    """Give the owner all rights to a folder, by its descriptor: a link put in its place changes nothing."""
    try:
        fd = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder_fd)
    except OSError:
        return
    try:
        Path(f"/proc/self/fd/{fd}").chmod(0o700)
    except OSError:
        return
    finally:
        os.close(fd)
