"""`mathagent report`: the numbers of a run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mathagent.cli.failures import console, notice, told
from mathagent.cli.machine import write_json
from mathagent.errors import UsageError
from mathagent.run.metrics import Prices
from mathagent.run.report import open_stored, summary_of, write_metrics
from mathagent.run.summary import Summary
from mathagent.views.report import report_parts

PIPED_WIDTH = 200


class By(StrEnum):
    """What problems are grouped by."""

    level = "level"
    type = "type"


Grouped = Annotated[By | None, typer.Option("--by", help="A line for each level or type.")]
AsJson = Annotated[bool, typer.Option("--json", help="Everything as one JSON object.")]


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or a file with rows of any tool.")],
    by: Grouped = None,
    price_in: Annotated[
        float | None, typer.Option("--price-in", min=0, help="Price of a million prompt tokens.")
    ] = None,
    price_out: Annotated[
        float | None, typer.Option("--price-out", min=0, help="Price of a million generated tokens.")
    ] = None,
    price_cached: Annotated[
        float | None,
        typer.Option(
            "--price-cached", min=0, help="Price of a million cached prompt tokens.  \\[default: --price-in]"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a run's accuracies with their intervals, what they leave out, and what it took.

    Wrong, undecided and missing answers count against the accuracy. Samples that the server or the sandbox failed, that
    early stopping ended, or that have no known answer do not count; how many there are is said beside it.
    """
    with told():
        if (price_in is None) != (price_out is None) or (price_cached is not None and price_in is None):
            raise UsageError("--price-in and --price-out belong together")
        prices = None
        if price_in is not None and price_out is not None:
            prices = Prices(price_in, price_out, price_cached)
        stored = open_stored(run)
        for line in stored.notices:
            notice(line)
        summary = summary_of(stored, prices=prices)
        show(summary, by=by, as_json=as_json)


def show(summary: Summary, *, by: By | None = None, as_json: bool = False) -> None:
    """The summary on stdout: tables, or one JSON object."""
    if as_json:
        write_json(summary.model_dump(mode="json"))
        return
    screen = console()
    if not screen.is_terminal:
        screen.width = PIPED_WIDTH
    for part in report_parts(summary, by.value if by else None):
        screen.print(part)


def show_run(folder: Path, *, as_json: bool = False) -> Summary:
    """Show the numbers of a run's folder and write its `metrics.json`. Raises UsageError where there are no rows."""
    stored = open_stored(folder)
    for line in stored.notices:
        notice(line)
    summary = summary_of(stored)
    write_metrics(folder, summary)
    show(summary, as_json=as_json)
    return summary
