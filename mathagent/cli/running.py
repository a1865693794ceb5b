"""A run as a command carries it out: progress on stderr, Ctrl-C once finishes what is under way, twice stops."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mathagent.cli.failures import console, notice
from mathagent.cli.interrupts import draining
from mathagent.data import DataSet
from mathagent.run.open import open_runner
from mathagent.run.plan import Plan
from mathagent.run.progress import Progress
from mathagent.run.report import open_stored, summary_of, write_metrics
from mathagent.settings import Settings
from mathagent.views.run import follow


@dataclass(frozen=True, slots=True)
class Carrier:
    """Carries out runs: the servers' addresses, seconds of patience with them, and whether progress is shown."""

    addresses: list[str]
    patience: float = 300.0
    quiet: bool = False

    async def run(self, data: DataSet, plan: Plan, settings: Settings, folder: Path) -> Progress:
        """Open, run, show progress; how far it came."""
        async with open_runner(
            data, plan, settings, self.addresses, folder, notice, patience=self.patience
        ) as runner:
            notice(f"{runner.progress.total} samples of {data.name} into {folder}")
            screen = None if self.quiet else console(stderr=True)
            showing = asyncio.ensure_future(follow(runner.progress, folder, screen))
            with draining(runner.drain) as pressed:
                try:
                    await runner.run()
                except asyncio.CancelledError:
                    if not pressed:
                        raise
                finally:
                    showing.cancel()
                    with suppress(asyncio.CancelledError):
                        await showing
        return runner.progress

    async def stage(self, data: DataSet, plan: Plan, settings: Settings, folder: Path) -> bool:
        """One stage of several (`mathagent.run.staged.Work`)."""
        progress = await self.run(data, plan, settings, folder)
        if not progress.whole:
            return False
        write_metrics(folder, summary_of(open_stored(folder)))
        return True
