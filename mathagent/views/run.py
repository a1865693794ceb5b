"""A run while it runs: one changing line in a terminal, plain lines elsewhere, and a file that `status` reads."""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mathagent.errors import RunError
from mathagent.run.folder import write_whole
from mathagent.run.progress import Progress

_EVERY = 0.5  # seconds between two looks
_FILE_EVERY = 1.0
_LINE_EVERY = 10.0  # of plain lines


async def follow(progress: Progress, folder: Path, screen: Console | None) -> None:
    """Show the progress until cancelled, and write it to `progress.json` every second.

    Args:
        progress: counters that change.
        folder: of the run.
        screen: where to show it: a bar in a terminal, a line every ten seconds elsewhere; None shows nothing.
    """
    live = Live(console=screen, transient=True, auto_refresh=False) if screen and screen.is_terminal else None
    written = said = 0.0
    try:
        if live is not None:
            live.start()
        while True:
            now = time.monotonic()
            values = progress.snapshot()
            if now - written >= _FILE_EVERY:
                written = now
                write_progress(folder, values)
            if live is not None:
                live.update(drawn(values), refresh=True)
            elif screen is not None and now - said >= _LINE_EVERY:
                said = now
                screen.print(Text(line(values)), soft_wrap=True)
            await asyncio.sleep(_EVERY)
    finally:
        if live is not None:
            live.stop()
        write_progress(folder, progress.snapshot())


def write_progress(folder: Path, values: dict[str, Any]) -> None:
    """Write `progress.json`; a full disk is the runner's business, not this file's."""
    with suppress(RunError):
        write_whole(folder / "progress.json", json.dumps({"pid": os.getpid(), "at": time.time(), **values}))


def line(values: dict[str, Any]) -> str:
    """The progress in one line."""
    parts = [f"{values['done']}/{values['total']}"]
    if values["saved"]:
        parts.append(f"{values['saved']} not needed")
    if values["accuracy"] is not None:
        parts.append(f"{100 * values['accuracy']:.1f} % correct so far")
    if values["running"]:
        parts.append(f"{values['running']} running")
    if values["kernels"]:
        parts.append(f"{values['kernels']} kernels")
    if values["tokens_per_second"]:
        parts.append(f"{values['tokens_per_second']:.0f} tokens/s")
    if values["errors"]:
        parts.append(f"{values['errors']} errors")
    if values["retries"]:
        parts.append(f"{values['retries']} retries")
    if (
        values["running"]
        and values["seconds_left"] is not None
        and values["done"] + values["saved"] < values["total"]
    ):
        parts.append(f"{_duration(values['seconds_left'])} left")
    return " · ".join(parts)


def drawn(values: dict[str, Any]) -> Table:
    """The progress as a bar and a line."""
    grid = Table.grid(padding=(0, 1))
    ended = values["done"] + values["saved"]
    grid.add_row(ProgressBar(total=max(1, values["total"]), completed=ended, width=24), Text(line(values)))
    return grid


def _duration(seconds: float) -> str:
    whole = int(seconds + 0.5)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes >= 10 else f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
