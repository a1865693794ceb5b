"""What code in a kernel may use: time, memory, output, files. Data only; `pool` and `jail` enforce it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from kernels_sandbox.errors import PolicyError
from kernels_sandbox.jail.levels import LEVELS, Level


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits of every kernel of a pool.

    cell_seconds: deadline of a cell, in seconds, where `execute` is not given one.
    interrupt_grace: seconds that a cell has to obey an interrupt before its kernel is killed.
    start_seconds: seconds that a kernel, or the process that forks kernels, may take to come up.
    memory_mb: address space of a kernel, MiB. Beyond it the code sees MemoryError.
    cpu_seconds: processor time of a kernel over its whole life; None for no limit (the deadline holds anyway).
    processes: subprocesses a kernel may have at a time; 0 (the default) forbids them altogether. More needs a
        memory control group for each kernel (`memory_mb` then counts all of its processes together).
    threads: threads a kernel may have at a time.
    file_mb: largest file a cell may write, MiB.
    tmp_mb: all files in a kernel's private temporary folder together, MiB.
    output_bytes: bytes of stdout, stderr, results and displays of one cell together. Beyond it the output is cut
        and the cell is ended with status "output_limit".
    network: let kernels use the host's network; only possible where `min_level` is "none".
    preload: modules imported once, before kernels are forked; a kernel then has them at no cost.
    startup: code run in every kernel before its first cell.
    min_level: refuse to run below this level of isolation ("none" < "rlimits" < "landlock" < "namespaces").
    data: read-only files and folders, name -> path on the host: visible to the code as data/NAME in the folder that
        it starts in, at every level, and as /data/NAME where a kernel has a file system of its own ("namespaces").
        At "rlimits" and "none" nothing keeps the code from writing what the user could write.

    Raises PolicyError for a value that can't be.
    """

    cell_seconds: float = 30.0
    interrupt_grace: float = 1.0
    start_seconds: float = 60.0
    memory_mb: int = 2048
    cpu_seconds: int | None = None
    processes: int = 0
    threads: int = 64
    file_mb: int = 64
    tmp_mb: int = 64
    output_bytes: int = 1_000_000
    network: bool = False
    preload: tuple[str, ...] = ("sympy", "numpy")
    startup: str = ""
    min_level: Level = "namespaces"
    data: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Check every value once, where the mistake was made."""
        for name in ("cell_seconds", "start_seconds", "memory_mb", "threads", "output_bytes"):
            _check(name, getattr(self, name), zero=False)
        for name in ("interrupt_grace", "processes", "file_mb", "tmp_mb"):
            _check(name, getattr(self, name), zero=True)
        if self.cpu_seconds is not None:
            _check("cpu_seconds", self.cpu_seconds, zero=False)
        if isinstance(self.preload, str) or not all(isinstance(name, str) for name in self.preload):
            raise PolicyError(f"Policy.preload must be names of modules, not {self.preload!r}")
        if not isinstance(self.startup, str):
            raise PolicyError(f"Policy.startup must be code, not {self.startup!r}")
        if self.min_level not in LEVELS:
            raise PolicyError(f"unknown level {self.min_level!r}: levels are {', '.join(LEVELS)}")
        if self.network and self.min_level != "none":
            raise PolicyError("network=True is possible only with min_level='none'")
        for name in self.data:
            if not name or "/" in name or name in {".", ".."}:
                raise PolicyError(f"{name!r} is no name for a data file: use a plain file name")


def _check(name: str, value: object, *, zero: bool) -> None:
    """Raise PolicyError unless it is a finite number, positive or, with `zero`, not negative."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise PolicyError(f"Policy.{name} must be a number, not {value!r}")
    if value < 0 or (value == 0 and not zero):
        raise PolicyError(f"Policy.{name} must {'not be negative' if zero else 'be positive'}, not {value!r}")
