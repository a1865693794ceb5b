"""`mathagent serve`: start, look at and stop the vLLM server that mathagent manages.

`serve MODEL` and `serve status` live side by side: whatever is not the name of a command is an argument of `start`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from mathagent.cli.failures import Exit, complain, notice, told

if TYPE_CHECKING:
    from mathagent.serving import ServerState

_FLAGS = "mathagent.vllm_flags"


class _StartsByDefault(TyperGroup):
    """Reads `serve MODEL`, `serve --port 9000` and `serve` as `serve start ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See the class."""
        known = {*self.commands, *ctx.help_option_names}
        if not args or args[0] not in known:
            args = ["start", *args]
        return super().parse_args(ctx, args)


class _TakesFlags(TyperCommand):
    """Keeps what follows `--` out of the command's own arguments, for vLLM."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See the class."""
        own, flags = (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        ctx.meta[_FLAGS] = tuple(flags)
        return super().parse_args(ctx, list(own))


app = typer.Typer(
    cls=_StartsByDefault,
    help="Serve a model with vLLM: `serve [MODEL] [-- VLLM FLAGS]`, then `serve status`, `serve stop`.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(cls=_TakesFlags)
def start(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(
            help="A name on Hugging Face, a path, an adapter's folder.  \\[default: the embedded model]"
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Default: 8000; any free one for the embedded model.")
    ] = None,
    idle_timeout: Annotated[
        float, typer.Option(min=0, help="End after so many seconds without a request; 0: never.")
    ] = 0.0,
    foreground: Annotated[
        bool,
        typer.Option("--foreground/--detach", help="Stay and end with this command, or leave it running."),
    ] = False,
) -> None:
    """Serve MODEL and wait until it answers; flags after `--` go to vLLM. (`serve MODEL` means `serve start MODEL`.)"""
    from mathagent.serving import DEMO_NOTICE, StartFailed
    from mathagent.serving import start as start_server

    flags = context.meta.get(_FLAGS, ())

    async def run() -> ServerState:
        return await start_server(
            model or "", _Clock(), flags=flags, port=port, idle_timeout=idle_timeout, foreground=foreground
        )

    with told():
        try:
            state = asyncio.run(run())
        except StartFailed as error:
            for line in error.log_tail:
                typer.echo(f"  {line}", err=True)
            raise
        if state.demo:
            notice(DEMO_NOTICE)
        typer.echo(f"{state.model} at {state.base_url}")
        if foreground:
            raise typer.Exit(_stay(state))


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print the state as one JSON object.")] = False,
) -> None:
    """Say which server runs. Exit code 0 if one answers, 1 if not."""
    from mathagent.serving import running_server
    from mathagent.serving.state import read_state

    state = running_server()
    found = read_state()
    if state is None and found is not None and not found.alive:
        found = None
    if as_json:
        shown = {**asdict(found), "running": state is not None} if found else {"running": False}
        shown.pop("api_key", None)
        typer.echo(json.dumps(shown))
    elif found is None:
        typer.echo("no server runs")
    else:
        idle = f", ends after {found.idle_timeout:.0f} s without a request" if found.idle_timeout else ""
        word = "does not answer" if state is None and found.phase == "ready" else found.phase
        typer.echo(f"{found.model} at {found.base_url}: {word} (since {found.began}{idle})\nlog: {found.log}")
    raise typer.Exit(0 if state else 1)


@app.command()
def stop() -> None:
    """Stop the server and all of its processes."""
    from mathagent.serving import stop as stop_server

    with told():
        state = stop_server()
        typer.echo("no server runs" if state is None else f"stopped {state.model} at {state.base_url}")


@app.command()
def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Print the end of the newest server's log."""
    from mathagent.serving import places
    from mathagent.serving.startup import log_tail

    found = sorted(places.logs().glob("server-*.log"))
    if not found:
        complain("no server has run yet", "mathagent serve")
        raise typer.Exit(Exit.error)
    with told():
        for line in log_tail(found[-1], lines):
            typer.echo(line)
        if follow:
            _follow(found[-1], sys.stdout.fileno(), forever=True)


class _Clock:
    """Progress on stderr, each line with the seconds since the start."""

    def __init__(self) -> None:
        self._begin = time.monotonic()

    def __call__(self, line: str) -> None:
        notice(f"{time.monotonic() - self._begin:5.1f} s  {line}")


def _stay(state: ServerState) -> int:
    """Show the log on stderr until the server ends; Ctrl-C and SIGTERM stop it. The exit code."""
    import signal

    from mathagent.serving import stop as stop_server

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _follow(Path(state.log), sys.stderr.fileno(), forever=False, state=state)
    except KeyboardInterrupt:
        stop_server()
        return Exit.answer
    if state.idle_timeout:
        return Exit.answer
    complain("the server ended by itself", f"its log: {state.log}")
    return Exit.error


def _follow(path: Path, output: int, *, forever: bool, state: ServerState | None = None) -> None:
    """Copy what is added to a log, until its server is gone (or for ever)."""
    import os

    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        while True:
            alive = state is not None and state.alive
            os.write(output, file.read())
            if not (forever or alive):
                return
            time.sleep(0.3)
