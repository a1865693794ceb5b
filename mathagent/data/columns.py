"""Which column of a row is what: the names that public sets use, and a user's own mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from mathagent.data.problem import RowError
from mathagent.errors import UsageError

Role = Literal["problem", "answer", "options", "solution", "id", "level", "kind", "source", "language"]
Columns = Mapping[Role, tuple[str, ...]]
"""For each role the column that has it; several are joined: texts by a blank, options as A, B, ..."""

NAMES: Mapping[Role, tuple[str, ...]] = {
    "problem": ("problem", "question", "query", "input", "prompt", "messages"),
    "answer": (
        "expected_answer",
        "choice_answer",
        "answer",
        "gt",
        "golden",
        "gold",
        "final_answer",
        "answer_number",
        "label",
        "target",
    ),
    "options": ("options", "choices"),
    "solution": ("solution", "gt_cot", "reference_solution", "rationale"),
    "id": (
        "unique_id",
        "id",
        "problem_id",
        "question_id",
        "item_id",
        "problem_idx",
        "idx",
        "uid",
        "uuid",
        "index",
        "row",
    ),
    "level": ("level", "difficulty", "grade"),
    "kind": ("type", "subject", "topic", "category", "domain", "subfield", "solution_type"),
    "source": ("source", "data_source"),
    "language": ("language", "lang"),
}
"""Names that are looked for, whatever their case, the first that has a value winning."""


def read_mapping(text: str) -> Columns:
    """Read a mapping such as `problem=q,answer=a,id=n`; `problem=Body+Question` joins two columns.

    Roles: problem, answer, options, solution, id, level, kind (or type), source, language. Raises UsageError.
    """
    mapping: dict[Role, tuple[str, ...]] = {}
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, columns = piece.partition("=")
        role = _role(name.strip())
        names = tuple(filter(None, (column.strip() for column in columns.split("+"))))
        if role is None or not equals or not names:
            raise UsageError(
                f"--columns: {piece!r} is not ROLE=COLUMN",
                f"roles: {', '.join(get_args(Role))}; Body+Question joins two",
            )
        if role in mapping:
            raise UsageError(f"--columns: {role} is given twice")
        mapping[role] = names
    return mapping


def find(row: Mapping[str, Any], role: Role, columns: Columns) -> list[tuple[str, Any]]:
    """The (name, value) pairs of the columns that have a role, best first; values may be None.

    Mapped columns are the only ones then, and RowError is raised, naming those that there are, if one is missing.
    """
    if role in columns:
        return [(name, _get(row, name)) for name in columns[role]]
    by_case = {name.lower(): name for name in reversed(list(row))} | {name: name for name in row}
    return [(by_case[name], row[by_case[name]]) for name in NAMES[role] if name in by_case]


def missing(role: str, row: Iterable[str]) -> RowError:
    """The error for a row without a column that is needed."""
    names = ", ".join(row)
    return RowError(f"no column {role}; has: {names[:200] or 'none'}")


def _get(row: Mapping[str, Any], name: str) -> Any:
    if name in row:
        return row[name]
    value: Any = row
    for step in name.split("."):
        if not isinstance(value, Mapping) or step not in value:
            raise missing(name, row)
        value = value[step]
    return value


def _role(name: str) -> Role | None:
    name = {"type": "kind", "question": "problem", "gold": "answer", "choices": "options"}.get(name, name)
    return next((role for role in get_args(Role) if role == name), None)
