"""Measure our grader and Math-Verify's on labelled pairs: `python -m tests.grading [--wrong] [FILE.jsonl ...]`.

A file holds JSON objects with `gold`, `answer` and `equal`, a line each; without one, our own corpus is used. With
`--wrong`, every pair that ours judges otherwise than its label is listed with the reason.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from pathlib import Path

from mathagent.grading import Grade, Grader
from tests.grading.corpus import Row, read_corpus


def what(row: Row, grade: Grade) -> str:
    """How a verdict fits the label."""
    if grade.verdict == "undecided":
        return "undecided"
    if (grade.verdict == "correct") == row.equal:
        return "agree"
    return "missed" if row.equal else "false equality"


def table(rows: list[Row], ours: list[Grade], theirs: list[Grade]) -> None:
    """Print both graders by kind."""
    kinds = list(dict.fromkeys(row.kind for row in rows))
    columns = ("agree", "false equality", "missed", "undecided")
    tally: Counter[tuple[str, str, str]] = Counter()
    for name, grades in (("ours", ours), ("Math-Verify", theirs)):
        for row, grade in zip(rows, grades, strict=True):
            for kind in (row.kind, "all"):
                tally[name, kind, what(row, grade)] += 1
    print(f"{'':28}{'pairs':>6} | {'ours: agree, false =, missed, undecided':40} | Math-Verify 0.9, defaults")
    for kind in [*kinds, "all"]:
        size = len(rows) if kind == "all" else sum(row.kind == kind for row in rows)
        cells = [
            "".join(f"{tally[name, kind, column]:9d}" for column in columns)
            for name in ("ours", "Math-Verify")
        ]
        print(f"{kind:28}{size:6d} | {cells[0]:40} | {cells[1]}")


async def main(arguments: list[str]) -> None:
    """Grade, print, list."""
    files = [Path(argument) for argument in arguments if not argument.startswith("-")]
    rows = [row for file in files for row in read_corpus(file)] if files else read_corpus()
    pairs = [(row.answer, row.gold) for row in rows]
    async with Grader(workers=2) as grader:
        begun = time.monotonic()
        ours = await grader.grade_many(pairs, timeout=20)
        seconds = time.monotonic() - begun
        theirs = list(await asyncio.gather(*(grader.second_opinion(*pair, timeout=20) for pair in pairs)))
    table(rows, ours, theirs)
    print(f"{len(rows)} pairs in {seconds:.1f} s by ours, on two processes")
    if "--wrong" in arguments:
        for row, grade in zip(rows, ours, strict=True):
            if what(row, grade) != "agree":
                print(f"{what(row, grade)}: known {row.gold!r}, answer {row.answer!r}: {grade.detail}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
