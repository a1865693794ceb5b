"""`load`: a data set by its short name, a file, a folder or a hub id, as problems in the order to solve them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mathagent.data.build import build
from mathagent.data.choices import rotations
from mathagent.data.columns import Columns
from mathagent.data.files import Row
from mathagent.data.ids import own_ids
from mathagent.data.places import data_folder
from mathagent.data.problem import BadRow, DataSet, Problem, RowError
from mathagent.data.select import read_spec, select
from mathagent.data.sources import Part, Wanted, find_rows
from mathagent.errors import DataError


def load(
    spec: str,
    *,
    data_dir: Path | None = None,
    split: str | None = None,
    config: str | None = None,
    columns: Columns | None = None,
    language: str = "",
    ids: Sequence[str] = (),
    seed: int | None = None,
    limit: int | None = None,
    circular: bool = False,
    online: bool = True,
) -> DataSet:
    """Load a data set. Rows that can't be read are in `DataSet.bad`; they stop nothing.

    Args:
        spec: `NAME` or `NAME:K` for K samples a problem. NAME is a file, a folder, a short name, the name
            of files in the data folder, or a hub id `owner/name`. Short names are looked for in the data folder, then
            in the cache of the Hugging Face hub, then on the hub.
        data_dir: folder of local data sets; $MATHAGENT_DATA by default.
        split: what the set's authors evaluate on by default, usually `test`.
        config: the configuration of a hub repository; only for hub ids and folders.
        columns: what the columns are, where the names do not say (`mathagent.data.columns.read_mapping`).
        language: of problems that do not say, such as `zh`.
        ids: only these problems, in this order.
        seed: shuffle (`mathagent.data.shuffled`); None keeps the order.
        limit: at most so many problems, the rotations of one counting once.
        circular: ask each multiple-choice problem once for every rotation of its options (`mathagent.data.rotations`).
        online: whether the hub may be asked.

    Raises:
        UsageError: there is nothing of that name, or the selection does not fit.
        DataError: it is there but can't be read, or no row of it can be used.
    """
    name, samples = read_spec(spec)
    info, parts = find_rows(
        name,
        Wanted(
            folder=data_folder(data_dir),
            split=split,
            config=config,
            columns=columns or {},
            language=language,
            online=online,
        ),
    )
    source = ", ".join(part.source for part in parts[:3]) + (", ..." if len(parts) > 3 else "")
    problems, bad = _problems(parts)
    if not problems and bad:
        raise DataError(
            f"none of {len(bad)} rows can be used: {bad[0]}", "--columns says what the columns are"
        )
    if not problems:
        raise DataError(f"{source}: no rows")
    chosen = select(problems, ids=ids, seed=seed, limit=limit)
    if circular:
        chosen = [turned for problem in chosen for turned in rotations(problem)]
    return DataSet(
        name=info.name if info else name,
        licence=info.licence if info else "",
        source=source,
        problems=tuple(chosen),
        samples=samples,
        bad=tuple(bad),
        total=len(problems),
        by_hand=info is not None and info.by_hand,
    )


def _problems(parts: Sequence[Part]) -> tuple[list[Problem], list[BadRow]]:
    problems: list[Problem] = []
    bad: list[BadRow] = []
    first_with: dict[str, int] = {}
    for part in parts:
        rows = [row for row in part.rows if isinstance(row, Row)]
        named = iter(own_ids(rows, part.rules.columns))
        for row in part.rows:
            if isinstance(row, BadRow):
                bad.append(row)
                continue
            try:
                problem = _problem(part, row, next(named), first_with)
            except RowError as error:
                bad.append(BadRow(part.source, row.number, str(error)))
            else:
                first_with[problem.id] = row.number
                problems.append(problem)
    return problems, bad


def _problem(part: Part, row: Row, own_id: str | RowError, first_with: dict[str, int]) -> Problem:
    if isinstance(own_id, RowError):
        raise own_id
    problem = build(row.values, part.rules, own_id)
    if problem.id in first_with:
        raise RowError(f"the id {problem.id!r} is that of row {first_with[problem.id]}")
    return problem
