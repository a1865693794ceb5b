r"""Take the final answer out of what a data set calls an answer or a solution.

How a set writes it is said in `sets.yaml` by one of these words:

    plain   the cell is the answer
    gsm8k   a worked solution that ends in a line `#### 1,234`
    boxed   a worked solution whose last `\boxed{}` is the answer
    units   `9 (apples)`: the unit in parentheses is left out; parts are separated by `;`
    cloze   parts separated by `;`
    none    there is no key: people mark the solutions
    auto    for data that nobody has described: gsm8k or boxed if the text is one, else plain
"""

from __future__ import annotations

import re
from typing import Literal

from mathagent.answers import boxed
from mathagent.data.problem import RowError

Extraction = Literal["auto", "plain", "gsm8k", "boxed", "units", "cloze", "none"]

_HASHES = re.compile(r"^[ \t]*####(.*\S)", re.MULTILINE)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PLAIN_NUMBER = re.compile(r"-?[\d,]*\.?\d+")
_UNIT = re.compile(r"^(.*\S)\s*\([^()]*\)$", re.DOTALL)
_OPENING, _CLOSING = "([{（", ")]}）"


def worked_answer(text: str) -> str | None:
    r"""The answer of a worked solution: after the last `####`, else in the last `\boxed{}`; None without either."""
    if lines := _HASHES.findall(text):
        return _THOUSANDS.sub("", lines[-1].strip())
    boxes = boxed(text)
    return boxes[-1] if boxes else None


def answer_of(text: str, how: Extraction, column: str) -> tuple[str | None, tuple[str, ...]]:
    """The answer in a cell's text, and its parts if it has several. Raises RowError when `how` does not fit."""
    match how:
        case "none":
            return None, ()
        case "auto":
            return worked_answer(text) or text, ()
        case "gsm8k":
            if _PLAIN_NUMBER.fullmatch(text):  # taken out already
                return _THOUSANDS.sub("", text), ()
            if not _HASHES.search(text):
                raise RowError(f"column {column}: no line '#### answer' in {_start(text)}")
            return worked_answer(text), ()
        case "boxed":
            if not (boxes := boxed(text)):
                raise RowError(f"column {column}: no \\boxed{{}} in {_start(text)}")
            return boxes[-1], ()
        case "units":
            return _joined([_UNIT.sub(r"\1", part) for part in split_parts(text)])
        case "cloze":
            return _joined(split_parts(text))
        case _:
            return text, ()


def split_parts(text: str) -> list[str]:
    """The parts of `1; (2, 3)`: separated by `;` or `；` outside of brackets; empty ones are left out."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth = max(0, depth - 1)
        elif character in ";；" and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def _joined(parts: list[str]) -> tuple[str | None, tuple[str, ...]]:
    if not parts:
        return None, ()
    return "; ".join(parts), tuple(parts) if len(parts) > 1 else ()


def _start(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
