"""`mathagent browse`: the traces of a run, or of a trace file, full-screen."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mathagent.cli.failures import console, told
from mathagent.cli.query import Words, source_and_text
from mathagent.errors import UsageError


def browse(
    words: Words = None,
    beside: Annotated[
        Path | None,
        typer.Option("--beside", "-b", help="Another run, shown beside it: the same problem and sample."),
    ] = None,
) -> None:
    """Browse traces: a list with a live filter, every step of the chosen one; ? shows the keys."""
    with told():
        streams = (sys.stdin, sys.stdout, sys.stderr)
        if not all(stream.isatty() for stream in streams) or os.environ.get("TERM") == "dumb":
            raise UsageError("browse needs a terminal", "mathagent traces lists them on a pipe, too")
        from mathagent.collection import open_collection, parse_query

        source, query = source_and_text(words)
        parse_query(query)
        with console(stderr=True).status("reading traces"):
            collection = open_collection(source)
            other = open_collection(beside) if beside is not None else None
        from mathagent.browser.app import Browser

        Browser(collection, query, other).run()
