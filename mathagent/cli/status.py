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
from mathagent.run.folder import KIND, is_running, read_settings
from mathagent.run.staged import stages_in, whole
from mathagent.run.state import state_of
from mathagent.views.run import drawn, line

_EVERY = 1.0


def status(
    run: Annotated[Path, typer.Argument(help="The folder of a run, an augmentation or an iteration.")],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on showing it until the run ends.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show how far a run, an augmentation or an iteration is; it may run in another terminal or have been stopped."""
    with told():
        kind = read_settings(run).get(KIND)
        if kind is not None:
            _staged(run, kind, follow=follow, as_json=as_json)
            return
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


def _staged(path: Path, kind: str, *, follow: bool, as_json: bool) -> None:
    """How far a folder of several runs is: each stage that has begun, the last one being the present one."""
    screen, told_before = console(), ""
    while True:
        running = is_running(path)
        stages = [(str(each.relative_to(path)), state_of(each)) for each in stages_in(path)]
        state = "running" if running else "finished" if whole(path) else "stopped"
        stage = stages[-1][0] if stages and state != "finished" else None
        if as_json:
            about = [{"stage": name, **values} for name, values in stages]
            write_json({"kind": kind, "state": state, "stage": stage, "stages": about})
            return
        lines = [f"{state}: {kind}" + (f", in {stage}" if stage else "")]
        lines += [f"  {name}: {values['state']}: {line(values)}" for name, values in stages]
        if (text := "\n".join(lines)) != told_before:
            told_before = text
            screen.print(Text(text), soft_wrap=True)
        if not follow or not running:
            return
        time.sleep(10 * _EVERY)
