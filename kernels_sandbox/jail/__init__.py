"""Isolation in layers, with no root, no daemon and no system package: the jail that kernels live in.

    isolation = probe()                                    # what this machine gives, by trying
    argv, env = jail_command([python, "zygote.py"], JailSpec(fds=(3,)))
    # inside, for each kernel:
    child = fork_child()
    if child is None:
        confine_self(ChildLimits(memory_bytes=2 << 30))

Usable alone, standard library only. THREATS.md says what each level contains and what not.
"""

from __future__ import annotations

from .command import jail_command
from .confine import Child, confine_self, forget_child, fork_child, link_data, prepare
from .inside import Inside, inside
from .levels import LEVELS, Isolation, JailError, Layer, Level, at_least
from .probe import probe
from .spec import ChildLimits, JailSpec

__all__ = [
    "LEVELS",
    "Child",
    "ChildLimits",
    "Inside",
    "Isolation",
    "JailError",
    "JailSpec",
    "Layer",
    "Level",
    "at_least",
    "confine_self",
    "forget_child",
    "fork_child",
    "inside",
    "jail_command",
    "link_data",
    "prepare",
    "probe",
]
