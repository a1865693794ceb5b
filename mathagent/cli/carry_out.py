"""Carry out a run in a terminal: progress, Ctrl-C, the numbers at the end. For every command that makes one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from mathagent.cli.failures import Exit, console, notice
from mathagent.cli.interrupts import draining
from mathagent.cli.report import show_run
from mathagent.data import DataSet
from mathagent.run.open import open_runner
from mathagent.run.plan import Plan
from mathagent.settings import Settings
from mathagent.views.run import follow


async def carry_out(
    data: DataSet,
    plan: Plan,
    settings: Settings,
    addresses: list[str],
    folder: Path,
    patience: float,
    as_json: bool,
    quiet: bool,
) -> int:
    """Open a run, let it go to its end or until it is stopped, report; the exit code.

    Args:
        data: the problems.
        plan: what to do with them.
        settings: of the session.
        addresses: base URLs of the servers; none for the running or the embedded one.
        folder: of the run.
        patience: seconds to wait while no server answers.
        as_json: the summary as one JSON object.
        quiet: show no progress.
    """
    async with open_runner(data, plan, settings, addresses, folder, notice, patience=patience) as runner:
        notice(f"{runner.progress.total} samples of {data.name} into {folder}")
        showing = asyncio.ensure_future(
            follow(runner.progress, folder, None if quiet else console(stderr=True))
        )
        interrupted = draining(runner.drain)
        try:
            await runner.run()
        except asyncio.CancelledError:
            if not interrupted:
                raise
        finally:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing
    progress = runner.progress
    whole = progress.done + progress.saved >= progress.total
    if not whole:
        notice(f"stopped at {progress.done} of {progress.total}: the same command goes on from here")
        return Exit.interrupted
    show_run(folder, as_json=as_json)
    return int(bool(data.bad or progress.errors))
