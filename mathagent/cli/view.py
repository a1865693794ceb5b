"""`mathagent view`: traces in a web browser, from a local server or as one file."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mathagent.cli.failures import notice, told
from mathagent.cli.query import Words, source_and_query
from mathagent.errors import UsageError

if TYPE_CHECKING:
    from mathagent.page.data import PageData


def view(
    words: Words = None,
    export: Annotated[
        Path | None, typer.Option("--export", "-o", help="Write one file that opens offline instead.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65535, help="Port of 127.0.0.1; 0 is a free one.  \\[default: 7575]"
        ),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Look at traces in a web browser: numbers, a table with a filter, and each trace with its mathematics.

    The page is served on 127.0.0.1 until Ctrl-C; the address is printed. With --export it is one file that needs no
    server and no network. A query chooses the traces of the page; the numbers stay those of all.
    """
    with told():
        from mathagent.collection import open_collection
        from mathagent.page.data import PageData
        from mathagent.page.export import export_page

        source, query = source_and_query(words)
        asked = " ".join((words or [])[source is not None :])

        def load() -> PageData:
            return PageData(open_collection(source), query, asked)

        if export is None:
            _serve(load, port, open_browser)
            return
        if port is not None:
            raise UsageError("--export needs no --port: nothing is served")
        data = load()
        for line in data.collection.notices:
            notice(line)
        size = export_page(data, export)
        number = len(data.entries)
        notice(f"{number} trace{'' if number == 1 else 's'} in {export}, {size / 1e6:.1f} MB")
        if open_browser:
            webbrowser.open(export.resolve().as_uri())


def _serve(load: Callable[[], PageData], port: int | None, open_browser: bool) -> None:
    from mathagent.page.serve import PageServer

    with PageServer(load, port) as server:
        typer.echo(server.url)
        notice("Ctrl-C ends it")
        if open_browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            notice("ended")
