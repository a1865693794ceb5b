"""Carry out one run as a command: the run itself, its numbers at the end, the exit code."""

from __future__ import annotations

from pathlib import Path

from mathagent.cli.failures import Exit, notice
from mathagent.cli.report import show_run
from mathagent.cli.running import Carrier
from mathagent.data import DataSet
from mathagent.run.plan import Plan
from mathagent.settings import Settings


async def carry_out(
    carrier: Carrier, data: DataSet, plan: Plan, settings: Settings, folder: Path, as_json: bool
) -> int:
    """Let a run go to its end or until it is stopped, and report; the exit code."""
    progress = await carrier.run(data, plan, settings, folder)
    if not progress.whole:
        notice(f"stopped at {progress.done} of {progress.total}: the same command goes on from here")
        return Exit.interrupted
    show_run(folder, as_json=as_json)
    return int(bool(data.bad or progress.errors))
