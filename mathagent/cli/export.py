"""`mathagent export`: a run's rows, or its traces, in the forms of other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mathagent.cli.failures import notice, told
from mathagent.collection import open_collection
from mathagent.collection.export import TRACE_FORMATS, TraceFormat, export_traces
from mathagent.run.export import FORMATS, Format
from mathagent.run.export import export as write
from mathagent.run.report import open_stored


class FormatName(StrEnum):
    """The forms that rows and traces can be written in."""

    parquet = "parquet"
    lm_eval = "lm-eval"
    nemo = "nemo"
    internlm = "internlm"
    sheet = "sheet"
    atif = "atif"
    otel = "otel"


_FORMATS: dict[str, Format] = {name: name for name in FORMATS}
_TRACE_FORMATS: dict[str, TraceFormat] = {name: name for name in TRACE_FORMATS}


def export(
    run: Annotated[
        Path,
        typer.Argument(
            help="The folder of a run, or a file with rows of any tool; a trace file for atif and otel."
        ),
    ],
    format: Annotated[FormatName, typer.Option("--format", "-f", help="The form to write.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The file; a folder for nemo with several samples and for atif with several traces.",
        ),
    ],
) -> None:
    """Write the rows of a run as Parquet, as another tool's rows, or as a sheet for people who mark solutions.

    atif and otel write its traces: every step, as the Agent Trajectory Interchange Format or as OpenTelemetry spans.
    """
    with told():
        if format.value in _TRACE_FORMATS:
            collection = open_collection(run)
            number, said = export_traces(collection, _TRACE_FORMATS[format.value], output)
            notices, what = [*collection.notices, *said], "traces"
        else:
            stored = open_stored(run)
            number = write(stored.rows, _FORMATS[format.value], output, stored.settings.get("sampling"))
            notices, what = stored.notices, "rows"
        for line in notices:
            notice(line)
        notice(f"{number} {what} in {output}")
