"""`mathagent decontaminate`: which problems of a file are problems of an evaluation set, in whatever disguise."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from mathagent.cli.data import ColumnMap, DataDir, Offline, complain_about_rows
from mathagent.cli.failures import console, notice, told
from mathagent.cli.machine import write_json
from mathagent.data import Problem, load, read_mapping
from mathagent.errors import DataError, UsageError
from mathagent.run.folder import write_whole
from mathagent.shown import clean

if TYPE_CHECKING:
    from mathagent.overlap import Overlap

Against = Annotated[
    list[str] | None,
    typer.Option(
        "--against", help="An evaluation set, by name or file, that must not be trained on; several times."
    ),
]


def decontaminate(
    file: Annotated[str, typer.Argument(help="A data set: a file, a folder, a short name, or a hub id.")],
    against: Against = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the rows that overlap with none of them.")
    ] = None,
    columns: ColumnMap = None,
    data_dir: DataDir = None,
    offline: Offline = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Find the problems that are problems of an evaluation set: renamed, rewritten in LaTeX, reordered, wrapped.

    Exit code 0, whether there are any or not; 2 for wrong usage, 3 for an error.
    """
    from mathagent.overlap import load_evaluation

    with told():
        if not against:
            raise UsageError("--against SET is needed", "the evaluation sets to keep out, by name or file")
        data = load(
            file,
            data_dir=data_dir,
            columns=read_mapping(columns) if columns else None,
            online=not offline,
        )
        complain_about_rows(data)
        evaluation = load_evaluation(against, data_dir=data_dir, online=not offline)
        found = [(problem, evaluation.find(problem.text)) for problem in data.problems]
        overlaps = [(problem, overlap) for problem, overlap in found if overlap is not None]
        if output is not None:
            _write(output, [problem for problem, overlap in found if overlap is None])
        if as_json:
            records = [{"id": problem.id, **asdict(overlap)} for problem, overlap in overlaps]
            write_json({"problems": len(found), "against": len(evaluation), "overlaps": records})
        else:
            _draw(overlaps)
            notice(
                f"{len(overlaps)} of {len(found)} problems are among {len(evaluation)} of {', '.join(against)}"
            )


def _draw(overlaps: list[tuple[Problem, Overlap]]) -> None:
    screen = console()
    for problem, overlap in overlaps:
        how = f"{overlap.how} {overlap.share:.0%}"
        text = " ".join(clean(overlap.text).split())
        line = Text.assemble((clean(problem.id), "bold"), f"  {how}  ", f"{overlap.set} {clean(overlap.id)}")
        screen.print(line.append(f"  {text}", style="dim"), soft_wrap=True)


def _write(output: Path, problems: list[Problem]) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"can't write {output}: {error.strerror}") from None
    lines = (json.dumps(problem.extra, ensure_ascii=False) + "\n" for problem in problems)
    write_whole(output, "".join(lines))
