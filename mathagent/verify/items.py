"""From the rows of a run to the problems of its verification: one for each judgement, whose right verdict may be known.

A judgement's id names what it judges: `ID#SAMPLE`, `ID#FIRST,SECOND`, or the problem's own id for a selection; `extra`
says the same for programs (`mathagent.run.verdicts`). Not here: who judges, and how a verdict is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Literal, get_args

from mathagent.data import Problem
from mathagent.errors import UsageError
from mathagent.roles import VERDICTS
from mathagent.run.accuracy import clusters_of
from mathagent.run.rows import Row
from mathagent.run.verdicts import VERIFIES
from mathagent.verify.solution import solution_of

Role = Literal["outcome", "process", "pairwise", "select"]
ROLES: tuple[Role, ...] = get_args(Role)
_MOST = len(VERDICTS["select"])  # solutions of one selection


def items(rows: Sequence[Row], role: Role) -> list[Problem]:
    """The judgements of a role over rows.

    Samples that failed, that were stopped, or that have no answer are not judged: nobody would choose them. Two
    solutions are compared, in both orders, where their answers differ; a selection is made where some do, among the
    first 26. Raises UsageError where nothing is left, or where the rows hold no problem text or no solution.
    """
    by_problem: dict[str, list[Row]] = {}
    for row in sorted((row for row in rows if row.votes), key=lambda row: row.sample):
        by_problem.setdefault(row.id, []).append(row)
    for mine in by_problem.values():
        for row in mine:
            if not row.problem.strip() or not solution_of(row):
                missing = "problem" if not row.problem.strip() else "solution"
                raise UsageError(f"{row.id}#{row.sample} has no {missing} text: there is nothing to verify")
    made = [item for mine in by_problem.values() for item in _of_problem(mine, role)]
    if not made:
        what = "no two answers of a problem differ" if by_problem else "no sample has an answer"
        raise UsageError(f"there is nothing to verify: {what}")
    return made


def unanimous(rows: Sequence[Row]) -> bool:
    """Whether all answers of a problem's rows are equal, so that no choice among them matters."""
    return len({cluster for cluster in clusters_of(rows) if cluster is not None}) < 2


def _of_problem(rows: Sequence[Row], role: Role) -> Iterator[Problem]:
    right, wrong = VERDICTS["outcome"]
    if role in ("outcome", "process"):
        for row in rows:
            gold = {"correct": right, "wrong": wrong}.get(row.verdict)
            yield _problem(row, (row,), gold, {"solution": solution_of(row)}, f"{row.id}#{row.sample}")
    elif role == "pairwise":
        clusters = clusters_of(rows)
        for one, other in combinations(range(len(rows)), 2):
            if clusters[one] is None or clusters[one] != clusters[other]:
                yield _pair(rows[one], rows[other])
                yield _pair(rows[other], rows[one])
    elif not unanimous(rows):
        yield _selection(rows[:_MOST])


def _pair(first: Row, second: Row) -> Problem:
    known = {"correct", "wrong"} == {first.verdict, second.verdict}
    gold = VERDICTS["pairwise"][0 if first.verdict == "correct" else 1] if known else None
    given = {"first": solution_of(first), "second": solution_of(second)}
    return _problem(first, (first, second), gold, given, f"{first.id}#{first.sample},{second.sample}")


def _selection(rows: Sequence[Row]) -> Problem:
    letters = VERDICTS["select"]
    texts = (
        f"<solution {letter}>\n{solution_of(row)}\n</solution>"
        for letter, row in zip(letters, rows, strict=False)
    )
    golds = [letter for letter, row in zip(letters, rows, strict=False) if row.verdict == "correct"]
    given = {"solutions": "\n\n".join(texts), "count": str(len(rows))}
    return _problem(rows[0], rows, golds[0] if golds else None, given, rows[0].id, tuple(golds[1:]))


def _problem(
    row: Row,
    judged: Sequence[Row],
    gold: str | None,
    given: Mapping[str, str],
    id: str,
    also: tuple[str, ...] = (),
) -> Problem:
    target: dict[str, Any] = {"id": row.id, "samples": [each.sample for each in judged]}
    return Problem(
        id=id,
        text=row.problem,
        gold=gold,
        also=also,
        level=row.level,
        kind=row.type,
        source=row.source,
        language=row.language,
        given=given,
        group=row.id,
        extra={VERIFIES: target},
    )
