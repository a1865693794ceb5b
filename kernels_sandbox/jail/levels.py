"""The levels of isolation, and what a machine was found to give.

    none < rlimits < landlock < namespaces

Plain values; `probe` finds them out, THREATS.md says what each level contains and what not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Level = Literal["none", "rlimits", "landlock", "namespaces"]
LEVELS: tuple[Level, ...] = get_args(Level)


class JailError(Exception):
    """A jail could not be set up as asked; nothing ran in it. One line for a person."""


def at_least(level: Level, wanted: Level) -> bool:
    """Whether `level` contains at least as much as `wanted`."""
    return LEVELS.index(level) >= LEVELS.index(wanted)


@dataclass(frozen=True, slots=True)
class Layer:
    """One part of the isolation on this machine.

    detail: what was tried and what the system said, in one line.
    mend: what a person can do where it does not hold; "" where it holds or nothing can be done.
    """

    ok: bool
    detail: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Isolation:
    """What this machine gives: the highest level that held when tried, and every layer by name.

    Layers: "user", "mount", "pid", "network", "ipc", "uts" (namespaces), "proc" (a fresh /proc in them),
    "unprivileged" (not running as root inside), "seccomp", "landlock", "rlimits", "cgroup" (memory of a whole tree).
    """

    level: Level
    layers: Mapping[str, Layer]

    def to_dict(self) -> dict[str, Any]:
        """For a trace: the level, and of each layer whether it holds and why not."""
        return {
            "level": self.level,
            "layers": {name: {"ok": layer.ok, "detail": layer.detail} for name, layer in self.layers.items()},
        }

    def missing(self) -> dict[str, Layer]:
        """The layers that do not hold."""
        return {name: layer for name, layer in self.layers.items() if not layer.ok}
