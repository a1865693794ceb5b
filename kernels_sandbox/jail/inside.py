"""What a process in the outer jail knows of it: the level and its places, left by the launcher in one variable."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache

from .levels import Level

VARIABLE = "KERNELS_SANDBOX_JAIL"
DEAD = "dead-"  # name of a folder that the sweeper removes


@dataclass(frozen=True, slots=True)
class Inside:
    """The jail around this process.

    work: the folder that may be written. readable, devices: what Landlock leaves open (level `landlock`).
    swept: a helper outside removes the folders of dead kernels once they are marked.
    data: name and place of every data file; links to them lie in `data` in a kernel's working folder.
    kept_in_tmp: entries of /tmp that lead to the interpreter or its packages, and must stay when /tmp is covered.
    task_ceiling: limit on all tasks of this uid together where they can't be counted per kernel; 0: can be.
    """

    level: Level = "none"
    work: str = ""
    readable: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    swept: bool = False
    data: tuple[tuple[str, str], ...] = ()
    kept_in_tmp: tuple[str, ...] = ()
    task_ceiling: int = 0


@cache
def inside() -> Inside:
    """The jail around this process; level "none" outside of any. Takes the variable out of the environment."""
    text = os.environ.pop(VARIABLE, "")
    if not text:
        return Inside()
    raw = json.loads(text)
    return Inside(
        level=raw["level"],
        work=raw["work"],
        readable=tuple(raw.get("readable", ())),
        devices=tuple(raw.get("devices", ())),
        swept=raw.get("swept", False),
        data=tuple((name, place) for name, place in raw.get("data", ())),
        kept_in_tmp=tuple(raw.get("kept_in_tmp", ())),
        task_ceiling=raw.get("task_ceiling", 0),
    )
