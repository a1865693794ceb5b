"""The folder of a run: settings, problems, the log of steps, finished traces, rows and metrics; one writer at a time.

settings.json    what decides the results; a run goes on only with the same
problems.jsonl   the problems as they were selected, in order
steps.jsonl      the log of completed steps (`mathagent.run.journal`)
traces.jsonl     one finished trace a line, in the order of finishing
results.jsonl    one row a line, in the same order
progress.json    how far it is, renewed every second while it runs
metrics.json     the numbers, once it has ended
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mathagent.data import Problem
from mathagent.errors import RunError, UsageError
from mathagent.run.journal import Begun, Journal, Key, read_journal
from mathagent.run.lines import LineFile, read_lines
from mathagent.run.rows import Row, row_of
from mathagent.run.seeds import seed_of
from mathagent.trace.schema import Trace

ABOUT = "about"
"""The part of the settings that says how the run was made and decides nothing: it may differ when the run goes on."""

KIND = "kind"
"""The setting that a folder of several runs has (`mathagent.run.staged`), and the folder of one has not."""


class RunFolder:
    """An open run; made by `open_run`, closed by `close`.

    Attributes: finished, the row of every finished trajectory; unwritten, traces of finished ones whose row a crash
    left out: `finish_row` has to be called for them before anything else; begun, what the unfinished ones have
    completed; journal, the log of steps; repaired, bytes of torn lines that were cut off.
    """

    def __init__(self, path: Path, problems: Sequence[Problem], seed: int, lock: int) -> None:
        self.path = path
        self._lock = lock
        self._by_id = {problem.id: problem for problem in problems}
        self._seed = seed
        self.journal = Journal(path / "steps.jsonl")
        self._traces = LineFile(path / "traces.jsonl")
        self._rows = LineFile(path / "results.jsonl")
        self.repaired = self.journal.repaired + self._traces.repaired + self._rows.repaired
        self.finished: dict[Key, Row] = {row.key: row for row in read_rows(path)}
        self.unwritten = self._traces_without_row()
        self.begun: dict[Key, Begun] = read_journal(path / "steps.jsonl", self.ended)

    @property
    def ended(self) -> set[Key]:
        """The trajectories that have ended, with those whose row is not written."""
        return {*self.finished, *((trace.problem.id, trace.sample) for trace in self.unwritten)}

    def finish(self, trace: Trace, cluster: int | None) -> Row:
        """Store a finished trajectory. The trace comes first: a row that a crash left out is made from it again.

        cluster: the number of the answers of this problem that are equal to its own, if they were compared.
        """
        self._traces.append(trace.model_dump_json())
        return self.finish_row(trace, cluster)

    def finish_row(self, trace: Trace, cluster: int | None) -> Row:
        """Store the row of a finished trajectory whose trace is stored."""
        problem = self._problem_of(trace)
        seed = seed_of(self._seed, problem.id, trace.sample)
        row = row_of(trace, problem, trace.sample, seed, stopped=trace.stopped, cluster=cluster)
        self._rows.append(row.model_dump_json())
        self.finished[row.key] = row
        return row

    def sync(self) -> None:
        """Wait until the disk has all of it."""
        for file in (self.journal, self._traces, self._rows):
            file.sync()

    def close(self) -> None:
        """Close the files and let others write."""
        for file in (self.journal, self._traces, self._rows):
            file.close()
        os.close(self._lock)

    def _problem_of(self, trace: Trace) -> Problem:
        problem = self._by_id.get(trace.problem.id)
        if problem is None:
            raise RunError(f"{self.path}: a trace of {trace.problem.id!r}, which is no problem of this run")
        return problem

    def _traces_without_row(self) -> list[Trace]:
        """Rows and traces stand in the same order, so that only traces at the end can lack their row."""
        found = []
        for number, record in read_lines(self.path / "traces.jsonl"):
            if number > len(self.finished):
                try:
                    trace = Trace.model_validate(record)
                except ValidationError as error:
                    raise RunError(f"{self.path}/traces.jsonl, line {number}: no trace: {error}") from None
                self._problem_of(trace)
                found.append(trace)
        return found


def open_run(path: Path, settings: Mapping[str, Any], problems: Sequence[Problem], seed: int) -> RunFolder:
    """Begin a run in a new or empty folder, or take up the one that is there.

    Raises UsageError where the folder holds a run with other settings (they are named) or something else, RunError
    where it can't be used or another process writes to it.
    """
    lock = lock_folder(path)
    try:
        if not check_settings(path, settings, beginning=("problems.jsonl",)):
            lines = (json.dumps(asdict(problem), ensure_ascii=False) + "\n" for problem in problems)
            write_whole(path / "problems.jsonl", "".join(lines))
            write_settings(path, settings)
        return RunFolder(path, problems, seed, lock)
    except BaseException:
        os.close(lock)
        raise


def lock_folder(path: Path) -> int:
    """Make the folder where there is none, and keep others from writing to it until the descriptor is closed.

    Raises RunError where it can't be used or another process writes to it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise RunError(f"can't use the folder {path}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise RunError(f"{path}: another process runs it now", f"watch it: mathagent status {path}") from None
    return lock


def check_settings(path: Path, settings: Mapping[str, Any], *, beginning: Sequence[str] = ()) -> bool:
    """Whether the folder holds a run with these settings; false for an empty one.

    Args:
        path: the folder, locked.
        settings: as they would be written.
        beginning: files that are written before the settings, by a beginning that may have been killed.

    Raises UsageError where it holds a run with other settings (they are named) or something else.
    """
    if (path / "settings.json").exists():
        plain = json.loads(json.dumps(settings))
        before = read_settings(path)
        if changed := differences(before, plain | {ABOUT: before.get(ABOUT)}):
            raise UsageError(
                f"{path} holds a run with other settings: {'; '.join(changed)}",
                "give the old settings to go on with it, or another --out",
            )
        return True
    ours = {"lock", *beginning, *(f".{name}.new" for name in (*beginning, "settings.json"))}
    strangers = sorted(each.name for each in path.iterdir() if each.name not in ours)
    if strangers:
        raise UsageError(f"{path} is not empty and holds no run ({strangers[0]})", "choose another --out")
    return False


def write_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings of a run that begins."""
    write_whole(path / "settings.json", json.dumps(settings, indent=2, ensure_ascii=False) + "\n")


def is_running(path: Path) -> bool:
    """Whether some process writes to the run now."""
    try:
        lock = os.open(path / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(lock)


def read_settings(path: Path) -> dict[str, Any]:
    """The settings of a run. Raises UsageError where the folder holds none."""
    try:
        settings = json.loads((path / "settings.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"{path} is no folder of a run", "mathagent run DATASET --out FOLDER makes one"
        ) from None
    except (OSError, ValueError) as error:
        raise RunError(f"can't read {path}/settings.json: {error}") from None
    if not isinstance(settings, dict):
        raise RunError(f"{path}/settings.json: no settings")
    return settings


def read_rows(path: Path) -> list[Row]:
    """The finished rows of a run. Raises RunError."""
    rows = []
    for number, record in read_lines(path / "results.jsonl"):
        try:
            rows.append(Row.model_validate(record))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise RunError(f"{path}/results.jsonl, line {number}: no row: {where}: {first['msg']}") from None
    return rows


def write_whole(path: Path, text: str) -> None:
    """Write a file that is at all times either the old one or the new one. Raises RunError."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise RunError(f"can't write {path}: {error.strerror}") from None


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """What differs, a line each: `limits.tokens: 8192 -> 4096`."""
    found = []
    for key in [*old, *(key for key in new if key not in old)]:
        one, other = old.get(key), new.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += differences(one, other, f"{prefix}{key}.")
        elif one != other:
            found.append(f"{prefix}{key}: {_brief(one)} -> {_brief(other)}")
    return found


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
