"""A folder of several runs, one after another: what they share, and going on where it was stopped.

Each stage is the folder of a run (`mathagent.run.folder`), with its own settings, log and traces. What stands here
is which stages have ended, and that the whole goes on only with the settings that it began with. Between stages there
is only what follows from the stages before: it is worked out again after a crash.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mathagent.data import DataSet
from mathagent.errors import RunError
from mathagent.run.folder import (
    KIND,
    check_settings,
    lock_folder,
    read_rows,
    read_settings,
    write_settings,
    write_whole,
)
from mathagent.run.plan import Plan
from mathagent.settings import Settings

Work = Callable[[DataSet, Plan, Settings, Path], Awaitable[bool]]
"""Runs a plan in a folder to its end and writes its metrics; false where a person stopped it before."""


class Stopped(Exception):
    """A person stopped a stage before its end; all that was finished is kept."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.folder = folder


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of a folder, and how they are run.

    path: the folder. plan: requests, kernels and the seed of every stage. work: runs one.
    """

    path: Path
    plan: Plan
    work: Work

    async def run(self, name: str, data: DataSet, settings: Settings, *, samples: int) -> Path:
        """Run a stage, unless it has ended already or has nothing to do; its folder. Raises Stopped.

        Args:
            name: of the stage: a path below the folder.
            data: the problems.
            settings: of the session.
            samples: of each problem.
        """
        folder = self.path / name
        if data.problems and not has_ended(folder):
            plan = replace(self.plan, problems=data.problems, samples=samples)
            if not await self.work(data, plan, settings, folder):
                raise Stopped(folder)
        return folder

    def inner(self, name: str) -> Stages:
        """The stages of a folder in this one."""
        return replace(self, path=self.path / name)


@contextmanager
def open_stages(path: Path, settings: Mapping[str, Any], plan: Plan, work: Work) -> Iterator[Stages]:
    """The folder of stages, new or to go on with, kept from others meanwhile.

    Raises UsageError where it holds something else or was begun with other settings, RunError where it can't be used.
    """
    lock = lock_folder(path)
    try:
        begin_stages(path, settings)
        yield Stages(path, plan, work)
    finally:
        os.close(lock)


def begin_stages(path: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings of a folder of stages that begins, or hold those it has against them. Raises UsageError."""
    path.mkdir(parents=True, exist_ok=True)
    if not check_settings(path, settings):
        write_settings(path, settings)


def asked_settings(settings: Settings) -> dict[str, Any]:
    """What a person asked of a session, as far as it decides results: for the settings of a folder of stages."""
    sampling = {name: value for name, value in asdict(settings.sampling).items() if value not in (None, {})}
    return {
        "mode": settings.mode,
        "language": settings.language,
        "prompt": settings.prompt,
        "protocol": settings.protocol,
        "sampling": sampling,
        "limits": asdict(settings.limits),
        "tokens": settings.tokens,
        "executions": settings.executions,
    }


def data_settings(data: DataSet) -> dict[str, Any]:
    """A data set as settings have it."""
    return {"name": data.name, "problems": len(data.problems), "sha256": data.sha256}


def has_ended(run: Path) -> bool:
    """Whether a run in this folder has come to its end: every sample has its row, and the metrics are written."""
    if not (run / "metrics.json").exists():
        return False
    settings = read_settings(run)
    total: int = settings["data"]["problems"] * settings["samples"]
    return len(read_rows(run)) >= total


def whole(path: Path) -> bool:
    """Whether a folder of stages has come to its end: what follows from all of them is written, in every round."""
    rounds = [each.parent for each in path.glob("round-*/settings.json")]
    return all((each / "summary.json").exists() for each in rounds or [path])


def stages_in(path: Path) -> list[Path]:
    """The folders of runs below a folder of stages, in the order in which they were begun."""
    found = [each.parent for each in path.rglob("settings.json") if KIND not in read_settings(each.parent)]
    return sorted(found, key=lambda each: (each / "settings.json").stat().st_mtime_ns)


def write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> int:
    """Write JSON Lines, whole or not at all; how many. Raises RunError."""
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"can't write {path}: {error.strerror}") from None
    write_whole(path, "".join(lines))
    return len(lines)
