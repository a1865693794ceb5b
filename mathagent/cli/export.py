"""`mathagent export`: a run's rows, or its traces, in the forms of other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from mathagent.cli.failures import notice, told
from mathagent.errors import UsageError
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


def export(
    run: Annotated[
        Path,
        typer.Argument(
            help="The folder of a run, or a file with rows of any tool; a trace file for atif and otel."
        ),
    ],
    format: Annotated[FormatName, typer.Option("--format", "-f", help="The form to write.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The file; a folder for nemo with several samples and for atif with several traces.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--send",
            metavar="URL",
            help="With otel: send to a server, such as Phoenix at http://127.0.0.1:6006.",
        ),
    ] = None,
) -> None:
    """Write the rows of a run as Parquet, as another tool's rows, or as a sheet for people who mark solutions.

    atif and otel write its traces: every step, as the Agent Trajectory Interchange Format or as OpenTelemetry spans.
    """
    with told():
        if (output is None) == (url is None):
            raise UsageError("say where to: --output FILE, or --send URL with otel")
        if url is not None and format is not FormatName.otel:
            raise UsageError("--send belongs to --format otel")
        if format in (FormatName.atif, FormatName.otel):
            number, notices = _export_traces(
                run, "atif" if format is FormatName.atif else "otel", output, url
            )
            what = "traces"
        else:
            assert output is not None
            stored = open_stored(run)
            number = write(stored.rows, _FORMATS[format.value], output, stored.settings.get("sampling"))
            notices, what = stored.notices, "rows"
        for line in notices:
            notice(line)
        notice(f"{number} {what} in {output}" if output else f"{number} {what} sent to {url}")


def _export_traces(
    run: Path, format: Literal["atif", "otel"], output: Path | None, url: str | None
) -> tuple[int, list[str]]:
    from mathagent.collection import open_collection
    from mathagent.collection.export import export_traces, send_spans

    collection = open_collection(run)
    if output is not None:
        number, said = export_traces(collection, format, output)
    else:
        number, said = send_spans(collection, url or "")
    return number, [*collection.notices, *said]
