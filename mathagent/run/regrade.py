"""Grade stored rows again, without a model: against their own known answers, others, or the marks that people gave.

Answers are clustered anew as well, so that votes follow the grader. Not here: how a single comparison is made
(`mathagent.grading`), and what the numbers then are (`metrics`).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mathagent.data import Marks
from mathagent.errors import RunError, UsageError
from mathagent.grading import Grade, Grader, audit, cluster
from mathagent.run.folder import write_whole
from mathagent.run.rows import Row, Verdict

NO_ANSWER = "there is no answer"

_ORDER: tuple[Verdict, ...] = ("correct", "undecided", "wrong")
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Flip:
    """A sample whose verdict changed."""

    id: str
    sample: int
    before: Verdict
    after: Verdict
    answer: str | None
    gold: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An answer on which two graders disagree. samples: where it was given, `id#sample`. reason: how each read it."""

    samples: list[str]
    answer: str
    gold: str
    verdict: Verdict
    second: Verdict
    reason: str


async def judge(grader: Grader, answer: str | None, golds: Sequence[str], timeout: float = 5.0) -> Grade:
    """The verdict on an answer where any of several texts is right: correct if one of them matches.

    Undecided if none matches and one comparison was undecided; wrong without an answer. `timeout`: seconds for each
    comparison. Raises ValueError without golds.
    """
    if not golds:
        raise ValueError("there is no known answer")
    if answer is None:
        return Grade("wrong", "", golds[0], NO_ANSWER, 0.0)
    found: list[Grade] = []
    for gold in golds:
        found.append(await grader.grade(answer, gold, timeout))
        if found[-1].verdict == "correct":
            break
    best = min(found, key=lambda grade: _ORDER.index(grade.verdict))
    return Grade(best.verdict, answer, best.gold, best.detail, sum(grade.seconds for grade in found))


async def regrade(
    rows: Sequence[Row],
    grader: Grader,
    *,
    golds: Mapping[str, tuple[str, ...]] | None = None,
    timeout: float = 5.0,
    done: Callable[[int], None] = lambda _: None,
) -> list[Row]:
    """The rows with new verdicts and clusters, in their order. Each different comparison is made once.

    Args:
        rows: the rows; failed and stopped ones stay ungraded, and what a person has marked stays as it is.
        grader: decides.
        golds: right texts by problem id; they replace the stored ones of these problems.
        timeout: seconds for each comparison.
        done: is told how many rows have their verdict, now and then.
    """
    known = [_with_gold(row, golds) for row in rows]
    verdicts: dict[tuple[str | None, tuple[str, ...]], Grade] = {}
    wanted = dict.fromkeys((row.predicted_answer, row.golds) for row in known if row.golds and _ended(row))
    todo = iter(list(wanted))

    async def work() -> None:
        for pair in todo:
            verdicts[pair] = await judge(grader, *pair, timeout)
            done(len(verdicts) * len(known) // len(wanted))

    await asyncio.gather(*(work() for _ in range(min(_AT_ONCE, len(wanted)))))
    graded = []
    for row in known:
        if row.marks is not None:
            graded.append(row.model_copy(update={"previous_verdict": None}))
        elif not _ended(row) or not row.golds:
            graded.append(row.graded("ungraded", ""))
        else:
            grade = verdicts[row.predicted_answer, row.golds]
            graded.append(row.graded(grade.verdict, grade.detail))
    return await clustered(graded, grader, timeout)


async def clustered(rows: Sequence[Row], grader: Grader, timeout: float = 5.0) -> list[Row]:
    """The rows with the clusters of their answers, numbered in the order of the rows, as a run numbers them."""
    by_problem: dict[str, list[Row]] = {}
    for row in rows:
        by_problem.setdefault(row.id, []).append(row)

    numbers: dict[tuple[str, int], int | None] = {}
    todo = iter(list(by_problem.values()))

    async def work() -> None:
        for mine in todo:
            answers = [row.predicted_answer if _ended(row) else None for row in mine]
            found = await cluster(answers, grader, timeout)
            numbers.update(zip((row.key for row in mine), found, strict=True))

    await asyncio.gather(*(work() for _ in range(min(_AT_ONCE, len(by_problem)))))
    return [row.model_copy(update={"cluster": numbers[row.key]}) for row in rows]


def marked(rows: Sequence[Row], marks: Marks) -> list[Row]:
    """The rows with the marks that people gave; rows without a mark stay as they are.

    A row is named by its problem's id, or as `id#sample`. All marks that were to be had make it correct, fewer make it
    wrong; where the sheet names no maximum, 1 and 0 do. Raises UsageError for a mark that fits no row, or no verdict.
    """
    given = {mark.id: mark for mark in marks.given}
    several = len({row.id for row in rows}) < len(rows)
    new = []
    for row in rows:
        mark = given.pop(sheet_id(row, several), None)
        if mark is None:
            new.append(row)
            continue
        most = mark.max_marks
        if most is None and mark.marks not in (0, 1):
            raise UsageError(
                f"the mark of {mark.id} is {mark.marks:g}, and the sheet does not say of how many",
                "fill in the column max_marks",
            )
        verdict: Verdict = "correct" if mark.marks == (1 if most is None else most) else "wrong"
        detail = f"marked by a person: {mark.marks:g}" + ("" if most is None else f" of {most:g}")
        row = row.graded(verdict, detail)
        new.append(row.model_copy(update={"marks": mark.marks, "max_marks": 1.0 if most is None else most}))
    if given:
        raise UsageError(f"no sample of this run is called {next(iter(given))!r}, as the sheet says")
    return new


def sheet_id(row: Row, several: bool) -> str:
    """What a sample is called on a sheet; `several`: whether problems have more than one."""
    return f"{row.id}#{row.sample}" if several else row.id


def flips(before: Sequence[Row], after: Sequence[Row]) -> list[Flip]:
    """The samples whose verdict differs, in order; those that had none before are left out."""
    old = {row.key: row.verdict for row in before}
    return [
        Flip(
            row.id,
            row.sample,
            old[row.key],
            row.verdict,
            row.predicted_answer,
            row.expected_answer,
            row.grade_detail,
        )
        for row in after
        if old.get(row.key, "ungraded") not in ("ungraded", row.verdict)
    ]


async def disagreements(
    rows: Sequence[Row], grader: Grader, timeout: float = 5.0
) -> tuple[int, list[Disagreement]]:
    """How many different pairs of answer and known answer there are, and those on which two graders disagree."""
    samples: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if _ended(row) and row.predicted_answer is not None and row.expected_answer is not None:
            samples.setdefault((row.predicted_answer, row.expected_answer), []).append(row)
    found = [
        Disagreement(
            [f"{row.id}#{row.sample}" for row in samples[answer, gold]],
            answer,
            gold,
            judged.grade.verdict,
            judged.second.verdict,
            judged.reason,
        )
        for (answer, gold), judged in zip(samples, await audit(samples, grader, timeout), strict=True)
        if not judged.agree
    ]
    return len(samples), found


def write_results(rows: Sequence[Row], path: Path) -> None:
    """Write a results file anew: at all times it is the old one or the new one. Raises RunError."""
    write_whole(path, "".join(row.model_dump_json() + "\n" for row in rows))


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep others from writing to the run meanwhile. Raises RunError while it runs."""
    try:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise RunError(f"can't write to {folder}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(f"{folder}: the run is going on", "grade it when it has ended") from None
        yield
    finally:
        os.close(lock)


def _ended(row: Row) -> bool:
    return row.error is None and row.stopped is None


def _with_gold(row: Row, golds: Mapping[str, tuple[str, ...]] | None) -> Row:
    if golds is None or row.id not in golds:
        return row
    first, *others = golds[row.id] or (None,)
    return row.model_copy(update={"expected_answer": first, "also": others})
