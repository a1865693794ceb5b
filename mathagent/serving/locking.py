"""One process at a time for work that makes a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def exclusive(folder: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of `folder` (a file beside it); says so when somebody else has it, and waits.

    The system lets go of it when its holder dies, so there is no stale lock.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(folder.name + ".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress(f"waiting for another mathagent at work on {folder.name}")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
