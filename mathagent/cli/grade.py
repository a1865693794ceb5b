"""`mathagent grade`: verdicts on stored answers, without a model."""

from __future__ import annotations

import asyncio
import os
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from mathagent.cli.data import ColumnMap
from mathagent.cli.failures import console, notice, told
from mathagent.cli.machine import write_json
from mathagent.cli.report import AsJson, Grouped, show
from mathagent.data import load, read_mapping, read_marks
from mathagent.errors import DataError, UsageError
from mathagent.grading import Grader
from mathagent.run.regrade import (
    Disagreement,
    clustered,
    disagreements,
    flips,
    held,
    marked,
    regrade,
    sheet_id,
    write_results,
)
from mathagent.run.report import Stored, open_stored, summary_of, write_metrics
from mathagent.run.rows import Row
from mathagent.views.report import audit_parts, flip_parts


def grade(
    run: Annotated[
        Path,
        typer.Argument(
            help="The folder of a run; or a file with answers, known ones beside them, of any tool."
        ),
    ],
    gold: Annotated[
        Path | None,
        typer.Option("--gold", help="A data file with known answers, in place of the stored ones, by id."),
    ] = None,
    columns: ColumnMap = None,
    marks: Annotated[
        Path | None,
        typer.Option(
            "--marks", help="A sheet (mathagent export --format sheet) with the marks that people gave."
        ),
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for one comparison.")] = 5.0,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Grading processes.  \\[default: one per processor]"),
    ] = None,
    audit: Annotated[
        bool,
        typer.Option("--audit", help="List the answers on which Math-Verify with its defaults disagrees."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change no file.")] = False,
    by: Grouped = None,
    as_json: AsJson = False,
) -> None:
    """Grade stored answers again and say which verdicts changed.

    A run's results.jsonl and metrics.json are replaced; other files are only read. What a person has marked stays.
    Exit code 0, 2 for input that can't be used, 3 for an error.
    """
    with told():
        replaced = open_stored(run).is_run and not dry_run
        with held(run) if replaced else nullcontext():
            stored = open_stored(run)  # as it is when nobody writes any more
            for line in stored.notices:
                notice(line)
            after = _grade(stored, gold, columns, marks, timeout, workers)
            summary = summary_of(stored, after)
            if replaced:
                write_results(after, run / "results.jsonl")
                write_metrics(run, summary)
        changed = flips(stored.rows, after)
        pairs, differing = asyncio.run(_audited(after, timeout, workers)) if audit else (0, [])
        if as_json:
            found: dict[str, Any] = {"flips": [asdict(flip) for flip in changed]}
            if audit:
                found["audit"] = {"pairs": pairs, "disagreements": [asdict(each) for each in differing]}
            write_json({**summary.model_dump(mode="json"), **found})
            return
        show(summary, by=by)
        screen = console()
        for part in (*flip_parts(changed), *(audit_parts(pairs, differing) if audit else ())):
            screen.print(part, soft_wrap=True)


def _grade(
    stored: Stored,
    gold: Path | None,
    columns: str | None,
    marks: Path | None,
    timeout: float,
    workers: int | None,
) -> list[Row]:
    """The rows with their new verdicts."""
    if marks is not None and gold is not None:
        raise UsageError("--marks and --gold exclude each other")
    golds = None if gold is None else _golds(gold, columns, stored.rows)
    if golds is None and marks is None and not any(row.golds or row.marks is not None for row in stored.rows):
        raise UsageError(
            f"{stored.path}: no answer is known", "--gold FILE has answers, --marks SHEET a person's marks"
        )
    return asyncio.run(_graded(stored.rows, golds, marks, timeout, workers or os.cpu_count() or 1))


async def _graded(
    rows: list[Row],
    golds: dict[str, tuple[str, ...]] | None,
    marks: Path | None,
    timeout: float,
    workers: int,
) -> list[Row]:
    async with Grader(workers) as grader:
        if marks is None:
            return await regrade(rows, grader, golds=golds, timeout=timeout)
        several = len({row.id for row in rows}) < len(rows)
        try:
            sheet = read_marks(marks, [sheet_id(row, several) for row in rows])
        except DataError as error:
            raise UsageError(error.message, error.hint) from None
        if sheet.missing:
            notice(f"{len(sheet.missing)} samples have no mark yet, {sheet.missing[0]} for one")
        return await clustered(marked(rows, sheet), grader, timeout)


async def _audited(rows: list[Row], timeout: float, workers: int | None) -> tuple[int, list[Disagreement]]:
    async with Grader(workers or os.cpu_count() or 1) as grader:
        return await disagreements(rows, grader, timeout)


def _golds(path: Path, columns: str | None, rows: list[Row]) -> dict[str, tuple[str, ...]]:
    """Right texts by problem id. Raises UsageError where none of them is for a problem of the run."""
    try:
        data = load(str(path), columns=read_mapping(columns) if columns else None, online=False)
    except DataError as error:
        raise UsageError(error.message, error.hint) from None
    golds = {problem.id: problem.golds for problem in data.problems}
    ids = {row.id for row in rows}
    known = sum(id in golds for id in ids)
    if not known:
        raise UsageError(
            f"{path}: no id is one of the run's, such as {next(iter(ids))!r}", "--columns id=NAME"
        )
    if known < len(ids):
        notice(f"{path} has answers to {known} of {len(ids)} problems; the others keep theirs")
    return golds
