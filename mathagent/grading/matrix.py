"""Matrices and column vectors, compared cell by cell; a tuple or a nested list may stand for one."""

from __future__ import annotations

import re

from mathagent.grading.clean import clean, closing

Matrix = list[list[str]]

_ENVIRONMENT = re.compile(
    r"^(?P<factor>[^&]*?)\\begin\s*\{(?P<name>[pbB]?matrix|smallmatrix|array)\}(?P<layout>\s*\{[lcr|\s]*\})?"
    r"(?P<body>.*?)\\end\s*\{(?P=name)\}$",
    re.DOTALL,
)


def read_matrix(text: str) -> Matrix | None:
    r"""The cells of a cleaned text that is one matrix (with a factor before it, if any); None for anything else."""
    if "\\begin" not in text:
        return None
    while text[:1] in ("(", "[") and closing(text, 0) == len(text) - 1:
        text = text[1:-1].strip()
    found = _ENVIRONMENT.match(text)
    if found is None or "\\begin" in found["body"]:
        return None
    factor = re.sub(r"^[A-Za-z]\w*\s*=\s*|\\cdot\s*$|\\times\s*$", "", found["factor"].strip()).strip()
    rows = [
        row
        for row in re.split(r"\\\\(?:\[[^\]]*\])?|\\cr(?![a-z])|\\(?=\s*-?\d)", found["body"])
        if row.strip(" \\\n")
    ]
    cells = [[clean(cell) for cell in row.split("&")] for row in rows]
    if not cells or len({len(row) for row in cells}) != 1:
        return None
    if factor:
        return [[f"({factor}) \\cdot ({cell})" for cell in row] for row in cells]
    return cells


def read_rows(text: str) -> Matrix | None:
    """The cells of a nested list [[1,2],[3,4]], or of a tuple or list as a column; None for anything else."""
    parts = _items(text)
    if parts is None:
        return None
    rows = [_items(part) for part in parts]
    lists = [row for row in rows if row is not None]
    if len(lists) == len(parts):
        return lists if len({len(row) for row in lists}) == 1 else None
    return [[part] for part in parts] if not lists else None


def _items(text: str) -> list[str] | None:
    text = text.strip()
    if text[:1] not in ("(", "[") or closing(text, 0) != len(text) - 1:
        return None
    depth, begin, items = 0, 1, []
    for at in range(1, len(text)):
        if (text[at] == "," and depth == 0) or at == len(text) - 1:
            items.append(clean(text[begin:at]))
            begin = at + 1
        depth += (text[at] in "([{") - (text[at] in ")]}")
    return items if all(items) else None
