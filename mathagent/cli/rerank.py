"""`mathagent rerank`: which way to choose among samples is worth its tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mathagent.cli.failures import console, notice, told
from mathagent.cli.machine import write_json
from mathagent.grading import Grader
from mathagent.run.regrade import clustered
from mathagent.run.report import open_stored
from mathagent.run.rows import Row
from mathagent.verify.judgements import read_judgements
from mathagent.verify.rerank import rerank as compare
from mathagent.views.rerank import rerank_parts

_PIPED_WIDTH = 200


def rerank(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or a file with rows of any tool.")],
    scores: Annotated[
        list[Path] | None,
        typer.Option("--scores", "-s", help="A verification of it (mathagent verify); several times."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON object.")] = False,
) -> None:
    """Compare the ways to choose one of several samples: votes, rewards, tournaments, selection.

    Each with its accuracy and what it costs, in tokens a problem. Scores that the rows have themselves
    (reward_model_score) are used too.
    """
    with told():
        stored = open_stored(run)
        verifications = [read_judgements(path) for path in scores or ()]
        for line in stored.notices:
            notice(line)
        found = compare(stored, _clustered(stored.rows), verifications)
        if as_json:
            write_json(found.model_dump(mode="json"))
            return
        screen = console()
        if not screen.is_terminal:
            screen.width = _PIPED_WIDTH
        for part in rerank_parts(found):
            screen.print(part)


def _clustered(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows with equal answers known; those of other tools are compared now."""
    if all(row.cluster is not None for row in rows if row.votes):
        return rows

    async def compared() -> list[Row]:
        async with Grader() as grader:
            return await clustered(rows, grader)

    return asyncio.run(compared())
