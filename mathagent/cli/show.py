"""`mathagent show`: one stored trace, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mathagent.cli.failures import console, notice, told
from mathagent.cli.machine import write_json
from mathagent.collection import open_collection
from mathagent.views.trace import trace_parts


def show(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A trace id, its start or its end; PROBLEM:SAMPLE, or PROBLEM for its first sample; "
            "the last trace by default."
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--trace",
            "-f",
            help="A trace file, a run's folder or another tool's file (without it: "
            "traces.jsonl in mathagent's home).",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The record itself, as JSON.")] = False,
) -> None:
    """Show the last trace, or the one that is named, with every step, its time and its tokens."""
    with told():
        collection = open_collection(source)
        for line in collection.notices:
            notice(line)
        trace = collection.trace(collection.find(name))
        if as_json:
            write_json(trace.model_dump(mode="json"))
            return
        screen = console()
        for part in trace_parts(trace):
            screen.print(part)
