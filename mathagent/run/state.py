"""How a run stands, from its folder alone: the counts of one, and a line for each of the runs in a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from mathagent.errors import MathAgentError, UsageError
from mathagent.run.folder import KIND, is_running, read_rows, read_settings
from mathagent.run.progress import Progress
from mathagent.run.rows import Row

State = Literal["running", "stopped", "finished"]


@dataclass(frozen=True, slots=True)
class RunState:
    """One of several runs.

    path: its folder. name: the folder as it is called from where the search began. data, model: what was asked of whom.
    done, total: samples. accuracy: of the samples with a verdict, 0 to 1; None without any.
    started: of its first sample, UTC, ISO 8601; "" before there is one. state: stopped ones can go on.
    """

    path: Path
    name: str
    data: str
    model: str
    done: int
    total: int
    accuracy: float | None
    started: str
    state: State


def state_of(run: Path) -> dict[str, Any]:
    """The counts of a run as `Progress.snapshot` has them, and its `state`.

    What the running process last wrote, or what the rows of a stopped one say. Raises UsageError where the folder
    holds no run, RunError where it can't be read.
    """
    return _counts(run, read_settings(run), None)


def runs_in(folder: Path) -> tuple[list[RunState], list[str]]:
    """The runs in a folder and the folders below it, oldest first, and a line about each that can't be read.

    Raises UsageError where there is none.
    """
    runs: list[RunState] = []
    notices: list[str] = []
    for path in _run_folders(folder):
        try:
            runs.append(_run(path, str(path.relative_to(folder))))
        except MathAgentError as error:
            notices.append(error.message)
    if not runs and not notices:
        raise UsageError(f"there is no run in {folder}", "mathagent run DATASET --out FOLDER makes one")
    return sorted(runs, key=lambda run: (run.started or "~", run.name)), notices


def _run_folders(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        if (
            "settings.json" in files
            and {"problems.jsonl", "results.jsonl"} & set(files)
            and _is_one(Path(root))
        ):
            folders.clear()
            yield Path(root)
        folders[:] = sorted(name for name in folders if not name.startswith("."))


def _is_one(path: Path) -> bool:
    """Whether it is one run and no folder of several. Settings that can't be read are a run's, which is told of."""
    try:
        return KIND not in read_settings(path)
    except MathAgentError:
        return True


def _run(path: Path, name: str) -> RunState:
    settings, rows = read_settings(path), read_rows(path)
    try:
        counts = _counts(path, settings, rows)
    except (KeyError, TypeError):
        raise UsageError(f"{path}/settings.json: not the settings of a run") from None
    starts = [row.generation_start_time for row in rows if row.generation_start_time is not None]
    return RunState(
        path=path,
        name=name,
        data=str(settings["data"].get("name", "")),
        model=str(settings.get("model", "")),
        done=counts["done"],
        total=counts["total"],
        accuracy=counts["accuracy"],
        started=datetime.fromtimestamp(min(starts), UTC).isoformat(timespec="seconds") if starts else "",
        state=counts["state"],
    )


def _counts(run: Path, settings: dict[str, Any], rows: list[Row] | None) -> dict[str, Any]:
    running = is_running(run)
    if running:
        try:
            written: dict[str, Any] = json.loads((run / "progress.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            pass  # it has just begun
        else:
            return {"state": "running", **written}
    progress = Progress(total=settings["data"]["problems"] * settings["samples"])
    for row in read_rows(run) if rows is None else rows:
        progress.finished(row, fresh=False)
    state: State = "running" if running else "stopped"
    progress.waiting = progress.total - progress.done - progress.stopped
    if (run / "metrics.json").exists() and not running:
        state = "finished"
        progress.dropped, progress.waiting = progress.waiting, 0
    return {"state": state, **progress.snapshot()}
