"""`mathagent export`: a run's rows in the forms of other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mathagent.cli.failures import notice, told
from mathagent.run.export import FORMATS, Format
from mathagent.run.export import export as write
from mathagent.run.report import open_stored


class FormatName(StrEnum):
    """The forms that rows can be written in."""

    parquet = "parquet"
    lm_eval = "lm-eval"
    nemo = "nemo"
    internlm = "internlm"
    sheet = "sheet"


_FORMATS: dict[str, Format] = {name: name for name in FORMATS}


def export(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or a file with rows of any tool.")],
    format: Annotated[FormatName, typer.Option("--format", "-f", help="The form to write.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file; a folder for nemo with several samples.")
    ],
) -> None:
    """Write the rows of a run as Parquet, as another tool's rows, or as a sheet for people who mark solutions."""
    with told():
        stored = open_stored(run)
        for line in stored.notices:
            notice(line)
        number = write(stored.rows, _FORMATS[format.value], output, stored.settings.get("sampling"))
        notice(f"{number} rows in {output}")
