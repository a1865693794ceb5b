"""Verdicts for imported traces whose record has none, where it has the right answer."""

from __future__ import annotations

from mathagent.collection.imports.read import Imported, grade_of
from mathagent.grading import Grader
from mathagent.run.regrade import regrade


async def add_verdicts(found: Imported, grader: Grader) -> int:
    """Grade what is ungraded, in place; how many got a verdict. A recorded verdict stays."""
    places = [place for place, row in enumerate(found.rows) if row.verdict == "ungraded" and row.golds]
    if places:
        rows = await regrade([found.rows[place] for place in places], grader)
        for place, row in zip(places, rows, strict=True):
            found.rows[place], found.traces[place].grade = row, grade_of(row)
    return len(places)
