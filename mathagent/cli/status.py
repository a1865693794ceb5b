"""`mathagent status`: how far a run is, from any terminal."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.text import Text

from mathagent.cli.failures import console, told
from mathagent.cli.machine import write_json
from mathagent.run.folder import is_running, read_rows, read_settings
from mathagent.run.progress import Progress
from mathagent.views.run import drawn, line

_EVERY = 1.0


def status(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on showing it until the run ends.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show how far a run is; it may run in another terminal or have been stopped."""
    with told():
        read_settings(run)
        screen = console()
        if as_json:
            write_json(_values(run))
        elif follow and screen.is_terminal:
            with Live(console=screen, auto_refresh=False) as live:
                while (values := _values(run))["state"] == "running":
                    live.update(drawn(values), refresh=True)
                    time.sleep(_EVERY)
                live.update(drawn(values), refresh=True)
        else:
            while True:
                values = _values(run)
                screen.print(Text(f"{values['state']}: {line(values)}"), soft_wrap=True)
                if not follow or values["state"] != "running":
                    return
                time.sleep(10 * _EVERY)


def _values(run: Path) -> dict[str, Any]:
    """What the running process last wrote, or what the rows of a stopped one say."""
    if is_running(run):
        try:
            written: dict[str, Any] = json.loads((run / "progress.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            pass  # it has just begun
        else:
            return {"state": "running", **written}
    settings = read_settings(run)
    progress = Progress(total=settings["data"]["problems"] * settings["samples"])
    for row in read_rows(run):
        progress.finished(row, fresh=False)
    state = "running" if is_running(run) else "stopped"
    progress.waiting = progress.total - progress.done - progress.stopped
    if (run / "metrics.json").exists() and state != "running":
        state = "finished"
        progress.dropped, progress.waiting = progress.waiting, 0
    return {"state": state, **progress.snapshot()}
