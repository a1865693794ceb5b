"""`mathagent compare`: runs against the first of them, or two traces of one problem against each other."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mathagent.cli.failures import console, notice, told
from mathagent.cli.machine import write_json
from mathagent.cli.report import PIPED_WIDTH, AsJson, By
from mathagent.errors import UsageError

if TYPE_CHECKING:
    from mathagent.collection import Collection, Entry


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN1 RUN2...",
            help="Folders of runs, files with rows of any tool, or trace files; the others against the first.",
        ),
    ],
    by: Annotated[By | None, typer.Option("--by", help="A line for each level or type as well.")] = None,
    problem: Annotated[
        str | None,
        typer.Option(
            "--problem",
            metavar="ID[:SAMPLE]",
            help="The difference of the traces of this problem, step by step, instead.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Problems that are listed for each direction.")
    ] = 10,
    seed: Annotated[int, typer.Option("--seed", help="Of the bootstrap and the sign-flip test.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare runs problem by problem: who flipped, whether that can be chance, what it took.

    Problems are paired by id, by their text where ids differ, and only where both runs have a sample that counts (as
    in report: undecided answers count as not correct, failed and stopped samples not at all). McNemar's exact test is
    on the problems that one run solves and the other does not, by majority vote where there are several samples.
    Intervals are paired bootstraps over problems. Several runs are compared with the first, p then also corrected by
    Holm's method.
    """
    with told():
        if len(runs) < 2:
            raise UsageError("compare takes two runs or more")
        if problem is not None:
            _compare_traces(runs, problem, as_json=as_json)
            return
        from mathagent.compare import compare, labelled, open_side
        from mathagent.views.compare import comparison_parts

        sides = [open_side(path) for path in runs]
        labels = labelled(sides, runs)
        for line in (line for side in sides for line in side.notices):
            notice(line)
        found = compare(sides, labels, seed)
        if as_json:
            write_json({"comparisons": [each.model_dump(mode="json") for each in found]})
            return
        screen = console()
        if not screen.is_terminal:
            screen.width = PIPED_WIDTH
        for number, each in enumerate(found):
            if number:
                screen.print()
            for part in comparison_parts(each, by.value if by else None, limit):
                screen.print(part)


def _compare_traces(runs: list[Path], name: str, *, as_json: bool) -> None:
    from mathagent.collection import open_collection
    from mathagent.compare import align, units_of
    from mathagent.views.steps import steps_parts

    if len({path.resolve() for path in runs}) < len(runs):
        raise UsageError("a run is named twice")
    collections = [open_collection(path) for path in runs]
    entry = collections[0].find(name)
    first = collections[0].trace(entry)
    said: list[dict[str, Any]] = []
    for collection in collections[1:]:
        like = _like(entry, collection)
        second = collection.trace(like)
        labels = (str(runs[0]), str(collection.path))
        if collections[0].name != collection.name:
            labels = (collections[0].name, collection.name)
        rows = align(units_of(first), units_of(second))
        if as_json:
            steps = [
                {"kind": row.kind, "same": row.same, "diff": row.diff(), "output_diff": row.output_diff(),
                 "first": row.first and asdict(row.first), "second": row.second and asdict(row.second)}
                for row in rows
            ]  # fmt: skip
            said.append({"first": first.id, "second": second.id, "problem": entry.problem, "steps": steps})
            continue
        screen = console()
        for part in steps_parts((first, second), labels, (entry.verdict, like.verdict), rows):
            screen.print(part)
    if as_json:
        write_json({"differences": said})


def _like(entry: Entry, collection: Collection) -> Entry:
    """The entry of the same problem and sample, by id or by text; of the first sample where there is no such number.

    Raises UsageError.
    """
    from mathagent.compare.pairing import normal

    text = normal(entry.question)
    same = [each for each in collection.entries if normal(each.question) == text]
    if not same:
        raise UsageError(f"{collection.path} has no trace of problem {entry.problem or text[:60]!r}")
    same = [each for each in same if each.problem == entry.problem] or same
    return next((each for each in same if each.sample == entry.sample), same[0])
