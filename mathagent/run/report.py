"""From the folder of a run to its numbers and `metrics.json`. The tables are drawn by `mathagent.views.report`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mathagent.errors import UsageError
from mathagent.roles import VERDICTS
from mathagent.run.accuracy import clusters_of
from mathagent.run.calibration import calibration_of
from mathagent.run.folder import read_settings, write_whole
from mathagent.run.foreign import read_foreign
from mathagent.run.metrics import Prices, summarize
from mathagent.run.rows import Row, VoteWeight, read_results
from mathagent.run.summary import Summary
from mathagent.run.votes import Tally


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows from a run's folder, or from a file of another tool (then `settings` is empty).

    notices: what a person should know, a line each.
    """

    path: Path
    rows: list[Row]
    notices: list[str]
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def is_run(self) -> bool:
        """Whether it is the folder of a run."""
        return bool(self.settings)

    @property
    def role(self) -> str:
        """What the model was asked to be; "solve" where nobody says."""
        return str(self.settings.get("role", "solve"))

    @property
    def k(self) -> int | None:
        """Samples asked for of each problem; None where nobody says."""
        return self.settings.get("samples")


def open_stored(path: Path) -> Stored:
    """Read a run's folder, or a file with rows. Raises UsageError."""
    if path.is_dir():
        settings = read_settings(path)
        if not (path / "results.jsonl").exists():
            raise UsageError(f"{path}: the run has no results yet")
        rows, notices = read_results(path / "results.jsonl")
    elif path.exists():
        settings = {}
        rows, notices = read_foreign(path)
    else:
        raise UsageError(f"there is no run and no file {path}")
    if not rows:
        raise UsageError(f"{path}: the run has no results yet")
    return Stored(path, rows, notices, settings)


def summary_of(stored: Stored, rows: list[Row] | None = None, prices: Prices | None = None) -> Summary:
    """The numbers of stored rows, or of others in their place (graded anew, say)."""
    rows = stored.rows if rows is None else rows
    weight: VoteWeight = stored.settings.get("vote_weight") or "count"
    decided = decided_early(rows, stored.k or 0, stored.settings.get("stop"), weight)
    summary = summarize(rows, k=stored.k, decided=decided, weight=weight, prices=prices)
    summary.data = str(stored.settings.get("data", {}).get("name", stored.path.name))
    summary.model = str(stored.settings.get("model", ""))
    if stored.role in VERDICTS:
        summary.calibration = calibration_of(rows, stored.role)
    if missing := _missing(stored, rows, decided):
        total = len(rows) + missing
        summary.notes.insert(0, f"the run is not finished: {len(rows)} of {total} samples are there")
    return summary


def write_metrics(folder: Path, summary: Summary) -> None:
    """Write `metrics.json`, whole or not at all. Raises RunError."""
    write_whole(folder / "metrics.json", summary.model_dump_json(indent=2) + "\n")


def decided_early(
    rows: list[Row], k: int, stop: float | str | None, weight: VoteWeight = "count"
) -> set[str]:
    """The problems that have fewer than k rows because the stop rule ended their sampling.

    Args:
        rows: of a run, in the order in which they ended.
        k: samples asked for.
        stop: the rule, as `mathagent.run.votes.Tally` takes it.
        weight: what a vote weighs.
    """
    problems: dict[str, list[Row]] = {}
    for row in rows:
        problems.setdefault(row.id, []).append(row)
    found = set()
    for id, mine in problems.items():
        tally = Tally(k, stop)
        for row, cluster in zip(mine, clusters_of(mine), strict=True):
            tally.count(cluster, row.weight(weight))
        if len(mine) < k and (tally.settled or any(row.stopped == "vote" for row in mine)):
            found.add(id)
    return found


def _missing(stored: Stored, rows: list[Row], decided: set[str]) -> int:
    """How many samples are still to come; 0 where nobody says how many there should be."""
    if stored.k is None:
        return 0
    problems = int(stored.settings.get("data", {}).get("problems", 0))
    spared = len(decided) * stored.k - sum(row.id in decided for row in rows)
    return max(0, problems * stored.k - len(rows) - spared)
