"""`mathagent doctor`: what a user would otherwise find out the hard way, and how to mend it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from mathagent.checks import Check, all_checks
from mathagent.cli import options
from mathagent.cli.failures import Exit, console, told
from mathagent.cli.machine import write_json

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "red")}


def doctor(
    base_url: options.BaseUrl = None,
    api_key: options.ApiKey = None,
    model: options.Model = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Check Python, vLLM and its device, the endpoint, kernels and their isolation, and the disk.

    Exit code 0 when everything that is needed works, 3 when something failed.
    """
    with told():
        checks = asyncio.run(all_checks(base_url, api_key, model))
    failed = any(check.status == "failed" for check in checks)
    if as_json:
        records = {
            check.name: {"status": check.status, "detail": check.detail, "mend": check.mend}
            for check in checks
        }
        write_json(records)
    else:
        _print(checks)
    raise typer.Exit(Exit.error if failed else 0)


def _print(checks: list[Check]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(width=1)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(ratio=1)
    for check in checks:
        mark, colour = _MARKS[check.status]
        detail = Text(check.detail)
        if check.mend:
            detail.append(f"\n→ {check.mend}", style=colour)
        table.add_row(Text(mark, style=colour), check.name, detail)
    console().print(table)
