"""Memory of the process that forks kernels, arranged so that a fork has little to do."""

from __future__ import annotations

import ctypes
import gc
import mmap
from collections.abc import Iterator
from pathlib import Path

_HUGE = 2 << 20
_COLLAPSE = 25  # MADV_COLLAPSE, Linux 6.1


def settle() -> None:
    """Once everything is imported: no garbage, nothing for a kernel's collector to write to, huge pages.

    A fork copies the page tables: one entry for 2 MB in place of 512 makes it twice as fast. A kernel that writes to
    a huge page still copies 4 kB of it, so this costs no kernel any memory. Where the system has no huge pages to
    give, everything stays as it is.
    """
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(ctypes.c_size_t(0))
    if mmap.PAGESIZE == 4096:
        for start in _huge_ranges():
            libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(_HUGE), ctypes.c_int(_COLLAPSE))


def _huge_ranges() -> Iterator[int]:
    """Addresses where a huge page would lie in this process's own writable memory."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        span, rights, _, _, inode, *name = line.split(None, 5)
        if rights.startswith("rw") and inode == "0" and (not name or name[0] == "[heap]"):
            start, end = (int(address, 16) for address in span.split("-"))
            yield from range(-(-start // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE)
