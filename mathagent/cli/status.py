"""`mathagent status`: how far a run is, from any terminal."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live
from rich.text import Text

from mathagent.cli.failures import console, told
from mathagent.cli.machine import write_json
from mathagent.run.state import state_of
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
        screen = console()
        if as_json:
            write_json(state_of(run))
        elif follow and screen.is_terminal:
            with Live(console=screen, auto_refresh=False) as live:
                while (values := state_of(run))["state"] == "running":
                    live.update(drawn(values), refresh=True)
                    time.sleep(_EVERY)
                live.update(drawn(values), refresh=True)
        else:
            while True:
                values = state_of(run)
                screen.print(Text(f"{values['state']}: {line(values)}"), soft_wrap=True)
                if not follow or values["state"] != "running":
                    return
                time.sleep(10 * _EVERY)
