"""`mathagent notebook`: a trace as a Jupyter notebook, and whether its cells say the same again."""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mathagent.cli.failures import Exit, console, notice, told
from mathagent.cli.machine import write_json
from mathagent.cli.options import Isolation, IsolationOption, Memory
from mathagent.errors import UsageError

if TYPE_CHECKING:
    from mathagent.collection import Entry
    from mathagent.notebook import Check
    from mathagent.trace import Trace


def notebook(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="TRACE",
            help="A trace id, its start or its end; PROBLEM or PROBLEM:SAMPLE; the last trace by default.",
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--trace",
            "-f",
            help="A trace file, or the folder of a run.  \\[default: traces.jsonl in mathagent's home]",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The notebook; - for standard output.  \\[default: the trace's id]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Run the cells again in a fresh kernel and say what differs.")
    ] = False,
    isolation: IsolationOption = Isolation.namespaces,
    memory: Memory = 2048,
    as_json: Annotated[
        bool, typer.Option("--json", help="What was written or checked, as one JSON object.")
    ] = False,
) -> None:
    """Write a trace as a notebook that opens in Jupyter and runs again in the sandbox kernel.

    python -m kernels_sandbox install adds that kernel to Jupyter. With --check a notebook is written only where --out
    names one. Exit code 0, with --check 1 where a cell differs, 2 wrong usage, 3 an error.
    """
    with told():
        from mathagent.collection import open_collection

        collection = open_collection(source)
        entry = collection.find(name)
        trace = collection.trace(entry)
        said: dict[str, Any] = {"trace": trace.id}
        if out is not None or not check:
            said["notebook"] = _write(trace, entry, out or Path(f"{_file_name(trace.id)}.ipynb"), force=force)
        if check:
            found = asyncio.run(_check(trace, isolation, memory))
            said |= {"same": found.same, **asdict(found)}
        if as_json and str(out) != "-":
            write_json(said)
        elif check:
            _show(found)
        if check and not found.same:
            raise typer.Exit(Exit.no_answer)


def _write(trace: Trace, entry: Entry, path: Path, *, force: bool) -> str:
    import nbformat

    from mathagent.notebook import notebook_of
    from mathagent.run.folder import write_whole

    if str(path) != "-" and path.exists() and (path.is_dir() or not force):
        raise UsageError(f"{path} is there already", "--force replaces a file, --out names another")
    made = notebook_of(trace, verdict=entry.verdict, gold=entry.gold)
    text = nbformat.writes(made) + "\n"  # type: ignore[no-untyped-call]
    if str(path) == "-":
        sys.stdout.write(text)
    else:
        write_whole(path, text)
        notice(f"{path}: {len(made.cells)} cells of trace {trace.id}")
    return str(path)


async def _check(trace: Trace, isolation: Isolation, memory: int) -> Check:
    from kernels_sandbox import Policy
    from mathagent.notebook import check

    return await check(trace, Policy(memory_mb=memory, min_level=isolation.value))


def _show(found: Check) -> None:
    from mathagent.views.notebook import check_parts

    screen = console()
    for part in check_parts(found):
        screen.print(part, soft_wrap=True)


def _file_name(id: str) -> str:
    """An id as a file's name: nothing in it may lead elsewhere."""
    return re.sub(r"[^\w.-]+", "_", id).lstrip(".") or "trace"
