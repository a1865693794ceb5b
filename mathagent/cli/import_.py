"""`mathagent import`: another tool's records as a trace file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mathagent.cli.failures import Exit, notice, told
from mathagent.errors import UsageError
from mathagent.run.folder import write_whole

if TYPE_CHECKING:
    from mathagent.collection.imports import Imported


def import_(
    file: Annotated[
        Path,
        typer.Argument(help="A file of ToRA, Qwen2.5-Math, NeMo-Skills, InternLM-Math, MathCoder, MINT, ..."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The trace file to write; a new one.")],
    model: Annotated[str, typer.Option("--model", "-m", help="The model, where the records don't say.")] = "",
    dataset: Annotated[
        str, typer.Option("--dataset", help="The data set, where the records don't say.")
    ] = "",
    grade: Annotated[
        bool,
        typer.Option("--grade", help="Give a verdict to those that have none, where the answer is known."),
    ] = False,
) -> None:
    """Write another tool's records as traces. Every command that takes a trace file also reads such files as they are.

    What a record does not say is named in its trace (`imported.unknown`). Exit code 1 if some rows could not be read.
    """
    from mathagent.collection.imports import is_trace_file, read_imports

    with told():
        if is_trace_file(file) and file.exists():
            raise UsageError(f"{file} holds traces, or nothing that can be read as records")
        if output.exists():
            raise UsageError(f"{output} is there already", "name a new file")
        found = read_imports(file, model=model, dataset=dataset)
        for line in found.bad:
            notice(line)
        if grade:
            notice(f"{asyncio.run(_graded(found))} answers graded")
        write_whole(output, "".join(trace.model_dump_json() + "\n" for trace in found.traces))
        notice(
            f"{len(found.traces)} traces in {output}"
            + (f", {len(found.bad)} rows left out" if found.bad else "")
        )
    if found.bad:
        raise typer.Exit(Exit.no_answer)


async def _graded(found: Imported) -> int:
    from mathagent.collection.imports.verdicts import add_verdicts
    from mathagent.grading import Grader

    async with Grader(workers=os.cpu_count() or 1) as grader:
        return await add_verdicts(found, grader)
