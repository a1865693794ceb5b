"""`mathagent data`: the data sets that have short names, and their problems as they would be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from mathagent.cli.failures import Exit, console, notice, told
from mathagent.cli.machine import write_json
from mathagent.data import DataSet, Problem, SetInfo, load, read_ids, read_mapping, sets
from mathagent.shown import clean

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of local data sets, by name.  \\[default: $MATHAGENT_DATA]"),
]
Split = Annotated[str | None, typer.Option(help="Split.  \\[default: what the field evaluates on]")]
Config = Annotated[str | None, typer.Option(help="Configuration of a hub repository.")]
ColumnMap = Annotated[
    str | None,
    typer.Option("--columns", help="What the columns are: problem=q,answer=a,id=n; Body+Question joins."),
]
Ids = Annotated[str | None, typer.Option(help="Only these problems: 7,12 or @FILE with one a line.")]
Shuffle = Annotated[int | None, typer.Option("--shuffle", metavar="SEED", help="Shuffle, by this seed.")]
Circular = Annotated[
    bool,
    typer.Option("--circular", help="Ask each multiple-choice problem once per rotation of its options."),
]
Offline = Annotated[bool, typer.Option("--offline", help="Do not ask the hub: files and its cache only.")]

_BAD_ROWS_SHOWN = 5

app = typer.Typer(
    help="Data sets: short names, and problems as they would be asked.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("list")
def list_sets(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List the data sets that have short names."""
    with told():
        if as_json:
            write_json([_record(info) for info in sets().values()])
            return
        rows = [("name", "problems", "lang", "hub id, or where from", "licence"), *map(_row, sets().values())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        screen = console()
        for number, row in enumerate(rows):  # whole lines at any width: for eyes and for grep
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            screen.print(Text(line.rstrip(), style="bold" if number == 0 else ""), soft_wrap=True)


@app.command("show")
def show_set(
    name: Annotated[str, typer.Argument(help="A short name, a file, a folder, or a hub id owner/name.")],
    data_dir: DataDir = None,
    split: Split = None,
    config: Config = None,
    columns: ColumnMap = None,
    ids: Ids = None,
    shuffle: Shuffle = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many problems.")] = 3,
    circular: Circular = False,
    offline: Offline = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a problem.")] = False,
) -> None:
    """Show problems as they would be asked, with the known answers. Unreadable rows: named on stderr, exit code 3."""
    with told():
        data = load(
            name,
            data_dir=data_dir,
            split=split,
            config=config,
            columns=read_mapping(columns) if columns else None,
            ids=read_ids(ids) if ids else (),
            seed=shuffle,
            limit=limit,
            circular=circular,
            online=not offline,
        )
        if as_json:
            for problem in data.problems:
                write_json(_problem_record(problem))
        else:
            _draw(data)
        complain_about_rows(data)
        if data.bad:
            raise typer.Exit(Exit.error)


def complain_about_rows(data: DataSet) -> None:
    """Name the rows that could not be read, the first few, on stderr."""
    for bad in data.bad[:_BAD_ROWS_SHOWN]:
        notice(str(bad))
    if len(data.bad) > _BAD_ROWS_SHOWN:
        notice(f"and {len(data.bad) - _BAD_ROWS_SHOWN} more rows that can't be read")


def _draw(data: DataSet) -> None:
    screen = console()
    parts = [f"{data.total} problems", data.licence, data.source]
    screen.print(
        Text.assemble((data.name, "bold"), "  ", (", ".join(filter(None, parts)), "dim")), soft_wrap=True
    )
    for problem in data.problems:
        about = [f"level {problem.level}" if problem.level else "", problem.kind or "", problem.language]
        head = Text.assemble("\n", (problem.id, "bold"), "  ", (", ".join(filter(None, about)), "dim"))
        screen.print(head, soft_wrap=True)
        screen.print(Text(clean(problem.text)), soft_wrap=True)
        if problem.gold is not None:
            known = " or ".join(problem.golds)
        else:
            known = "none: people mark it" if data.by_hand else "none"
        screen.print(Text.assemble(("answer: ", "dim"), (clean(known), "green")), soft_wrap=True)


def _problem_record(problem: Problem) -> dict[str, object]:
    return {
        "id": problem.id,
        "problem": problem.text,
        "expected_answer": problem.gold,
        "also_right": list(problem.also),
        "parts": list(problem.parts),
        "level": problem.level,
        "type": problem.kind,
        "source": problem.source,
        "language": problem.language,
        "options": {option.label: option.text for option in problem.options},
        "solution": problem.solution,
        "group": problem.group,
    }


def _row(info: SetInfo) -> tuple[str, ...]:
    size = str(next(iter(info.sizes.values()))) if info.sizes else ""
    where = info.hub.id if info.hub else info.obtain.rpartition(" ")[2]
    return info.name, size, info.language or "en, zh", where, info.licence


def _record(info: SetInfo) -> dict[str, object]:
    record: dict[str, object] = info.model_dump(mode="json", exclude={"files", "columns", "answer"})
    return record | {"has_key": not info.by_hand}
