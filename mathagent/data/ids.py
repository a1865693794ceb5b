"""Give every row an id that is the same the next time, and different from every other row's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mathagent.data.columns import NAMES, Columns, find
from mathagent.data.files import Row
from mathagent.data.problem import RowError
from mathagent.data.values import text_of


def own_ids(rows: Sequence[Row], columns: Columns) -> list[str | RowError]:
    """An id for each row, in order.

    With a mapped `id` column its text; a row where it is missing or empty gets a RowError. Otherwise the first of the
    usual columns that has a different text in every row; if there is none, the record's number in the file, from 0.
    """
    if "id" in columns:
        return [_mapped(row, columns) for row in rows]
    for name in NAMES["id"]:
        texts = [_text(row.values, name) for row in rows]
        found = [text for text in texts if text is not None]
        if len(found) == len(rows) == len(set(found)):
            return list(found)
    return [str(row.index) for row in rows]


def _mapped(row: Row, columns: Columns) -> str | RowError:
    try:
        texts = [text_of(value, name) for name, value in find(row.values, "id", columns)]
    except RowError as error:
        return error
    if None in texts:
        return RowError(f"column {'+'.join(columns['id'])}: empty, no id")
    return "/".join(text for text in texts if text)


def _text(values: Any, name: str) -> str | None:
    value = values.get(name)
    if value is None:
        value = next((values[key] for key in values if key.lower() == name), None)
    return text_of(value, name) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
