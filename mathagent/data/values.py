"""Cells of a row as text, and rows as JSON can hold them. Says nothing about what a column means."""

from __future__ import annotations

import base64
import datetime
import decimal
import math
import re
from collections.abc import Mapping
from typing import Any

from mathagent.data.problem import RowError

_HALF = re.compile("[\ud800-\udfff]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_LATEX = re.compile(r"\\[A-Za-z]+")
_KANA_OR_HANGUL = re.compile("[\u3040-\u30ff\uac00-\ud7af]")
_LONG_BITS = 8192  # Python refuses to print numbers of more than 4300 digits


def whole(text: str) -> str:
    """The text with halves of surrogate pairs, which no file and no request can hold, replaced by U+FFFD."""
    return _HALF.sub("\N{REPLACEMENT CHARACTER}", text)


def text_of(value: object, column: str) -> str | None:
    """A cell as text: None for nothing (null, NaN, blanks, an empty list), `145` for 145.0, `a, b` for a list.

    Raises RowError, naming `column`, for what is no text: an object, a list in a list, bytes.
    """
    match value:
        case None:
            return None
        case str():
            return whole(value).strip() or None
        case bool():
            return str(value)
        case int():
            if value.bit_length() > _LONG_BITS:
                raise RowError(f"column {column}: an integer of {value.bit_length()} bits")
            return str(value)
        case float():
            if math.isnan(value):
                return None
            return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
        case decimal.Decimal() | datetime.date():
            return str(value)
        case list() | tuple():
            items = [_item(item, column) for item in value]
            return ", ".join(item for item in items if item is not None) or None
        case _:
            raise RowError(f"column {column}: text is needed, not {_called(value)}")


def jsonable(value: Any) -> Any:
    """The value as JSON can hold it: dates and decimals as text, bytes as base64, NaN as null."""
    match value:
        case None | bool():
            return value
        case int():
            return value if value.bit_length() <= _LONG_BITS else hex(value)
        case str():
            return whole(value)
        case float():
            return value if math.isfinite(value) else None if math.isnan(value) else repr(value)
        case Mapping():
            return {whole(str(key)): jsonable(item) for key, item in value.items()}
        case list() | tuple():
            return [jsonable(item) for item in value]
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return whole(str(value))


def is_chinese(text: str) -> bool:
    """Whether a tenth of the letters, LaTeX commands aside, are Han characters, and none are kana or hangul."""
    plain = _LATEX.sub(" ", text)
    letters = len(_LETTER.findall(plain))
    return bool(letters) and len(_HAN.findall(plain)) * 10 >= letters and not _KANA_OR_HANGUL.search(plain)


def _item(value: object, column: str) -> str | None:
    if isinstance(value, (list, tuple)):
        raise RowError(f"column {column}: text is needed, not a list in a list")
    return text_of(value, column)


def _called(value: object) -> str:
    return "an object" if isinstance(value, Mapping) else type(value).__name__
