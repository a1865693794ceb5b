"""Sheets for people who mark solutions: written as CSV for any spreadsheet program, and read back with their marks.

What a model wrote goes into cells of a program that runs formulas. So a cell that begins as a formula does, and what
would begin one if a spreadsheet took `;` or a tab for the separator, gets an apostrophe in front, which spreadsheets
take for "text".
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mathagent.data.values import whole
from mathagent.errors import DataError

HEADER = ("id", "problem", "answer", "solution", "max_marks", "marks")

_STARTS = tuple("=+-@＝＋－＠")
_SEPARATORS = frozenset(";\t\r\n|")
_BEFORE = re.compile(r"""(?:^|[\s;|"'])[\s;|"']*+""")
"""The start of the text, or a whole run of what may stand between a separator and a formula: linear time."""
_SAFE_AS_IT_IS = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_CONTROL = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f]")
_LONGEST_CELL = 32_000
"""Characters; Excel's own limit is 32,767, and it says nothing when it cuts."""
_CUT = "\n[the rest is left out: too long for a spreadsheet cell]"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One solution to be marked. id: unique in the sheet. max_marks: None leaves the cell to the person."""

    id: str
    problem: str
    answer: str = ""
    solution: str = ""
    max_marks: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person gave for one solution; `max_marks` None if the sheet does not say."""

    id: str
    marks: float
    max_marks: float | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """A sheet that came back: the marks in the sheet's order, and the ids of rows without a mark yet."""

    given: tuple[Mark, ...]
    missing: tuple[str, ...] = field(default=())


def write_sheet(rows: Iterable[SheetRow], path: Path) -> int:
    """Write a sheet, whole or not at all, and say how many rows it has. A file that is there is replaced.

    UTF-8 with a byte order mark (Excel needs it), commas, every cell in quotes. Raises DataError when it can't be
    written or two rows have one id.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(HEADER)
    seen: set[str] = set()
    for row in rows:
        if row.id in seen or not row.id.strip():
            raise DataError(f"sheet: the id {row.id!r} is {'given twice' if row.id in seen else 'empty'}")
        seen.add(row.id)
        most = "" if row.max_marks is None else f"{row.max_marks:g}"
        writer.writerow([*map(_cell, (row.id, row.problem, row.answer, row.solution)), most, ""])
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise DataError(f"can't write {path}: {error.strerror or error}") from None
    return len(seen)


def read_marks(path: Path, ids: Iterable[str] | None = None) -> Marks:
    """Read the marks out of a sheet that a person filled in and saved as CSV.

    Commas, semicolons and tabs are understood, and `2,5` for 2.5. Columns may have been moved or added; `id` and
    `marks` must be there. Raises DataError, with the row as the spreadsheet counts, for: a mark that is no number, is
    negative or above the row's `max_marks`; an id that is empty or there twice; an id that is not one of `ids`.

    Args:
        path: the CSV file.
        ids: the ids that were handed out; those that the sheet lost count as missing. None takes the sheet's word.
    """
    header, records = _read(path)
    given: list[Mark] = []
    missing: list[str] = []
    known = None if ids is None else {_cell(each): each for each in ids}
    seen: dict[str, int] = {}
    for number, cells in records:
        record = dict(zip(header, cells, strict=False))
        written = record.get("id", "")
        own = (known or {}).get(written) or _bare(written).strip()
        where = f"{path}: row {number}"
        if not own:
            raise DataError(f"{where}: no id")
        where += f" (id {own})"
        if own in seen:
            raise DataError(f"{where}: the id is in row {seen[own]} already")
        if known is not None and own not in known.values():
            raise DataError(f"{where}: no such id was handed out")
        seen[own] = number
        most = _number(record.get("max_marks", ""), f"{where}: max_marks")
        marks = _number(record.get("marks", ""), f"{where}: marks")
        if marks is None:
            missing.append(own)
        elif most is not None and marks > most:
            raise DataError(f"{where}: {marks:g} marks of {most:g}")
        else:
            given.append(Mark(own, marks, most))
    missing += [each for each in (known or {}).values() if each not in seen]
    return Marks(tuple(given), tuple(missing))


def _cell(text: str) -> str:
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", whole(text))
    if len(text) > _LONGEST_CELL:
        text = text[: _LONGEST_CELL - len(_CUT)] + _CUT
    if _SAFE_AS_IT_IS.fullmatch(text):
        return text
    return _BEFORE.sub(lambda run: f"{run[0]}'" if _begins_formula(run) else run[0], text)


def _begins_formula(run: re.Match[str]) -> bool:
    return run.string.startswith(_STARTS, run.end()) and (
        run.start() == 0 or not _SEPARATORS.isdisjoint(run[0])
    )


def _bare(cell: str) -> str:
    """A cell without the apostrophes that `_cell` put in."""
    return _BEFORE.sub(lambda run: run[0].removesuffix("'") if _begins_formula(run) else run[0], cell)


def _read(path: Path) -> tuple[list[str], list[tuple[int, Sequence[str]]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8", "save the sheet as CSV UTF-8") from None
    except OSError as error:
        raise DataError(f"can't read {path}: {error.strerror or error}") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise DataError(f"{path}: not CSV: {error}") from None
    header = [name.strip().lower() for name in rows[0]] if rows else []
    if lost := [name for name in ("id", "marks") if name not in header]:
        raise DataError(f"{path}: no column {lost[0]}; has: {', '.join(header) or 'none'}")
    return header, [(number, cells) for number, cells in enumerate(rows[1:], 2) if any(map(str.strip, cells))]


def _number(cell: str, where: str) -> float | None:
    text = cell.strip().lstrip("'").replace(",", ".")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"{where}: {cell.strip()[:30]!r} is not a number") from None
    if not math.isfinite(value) or value < 0:
        raise DataError(f"{where}: {cell.strip()[:30]} is not a number of marks")
    return value
