"""`mathagent show`: one stored trace, step by step."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Annotated

import typer

from mathagent.cli.failures import console, told
from mathagent.cli.machine import write_json
from mathagent.trace import default_file, find, read
from mathagent.views.trace import trace_parts, trace_table


def show(
    name: Annotated[
        str | None, typer.Argument(help="A trace id, its start or its end; the last trace by default.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--trace", "-f", help="Trace file.  [default: traces.jsonl in mathagent's home]"),
    ] = None,
    as_list: Annotated[
        bool, typer.Option("--list", "-l", help="List the traces of the file instead.")
    ] = False,
    last: Annotated[
        int, typer.Option("--last", "-n", min=1, help="With --list: how many, newest last.")
    ] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="The record itself, as JSON.")] = False,
) -> None:
    """Show the last trace, or the one that is named, with every step, its time and its tokens."""
    with told():
        path = file or default_file()
        traces = list(deque(read(path), maxlen=last)) if as_list else [find(path, name)]
        if as_json:
            for trace in traces:
                write_json(trace.model_dump(mode="json"))
            return
        screen = console()
        if as_list:
            screen.print(trace_table(traces))
            return
        for part in trace_parts(traces[0]):
            screen.print(part)
