"""Rows out of files: JSON Lines, JSON, CSV, TSV and Parquet. Knows nothing about problems.

One unreadable row spoils no other: it comes as a `BadRow` in its place. A file that can't be read at all is a
DataError.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from mathagent.data.problem import BadRow
from mathagent.errors import DataError

_LONGEST_CELL = 1 << 26  # characters; the csv module's own limit, 131072, is shorter than some solutions
_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of other bytes


@dataclass(frozen=True, slots=True)
class Row:
    """A record: `number` as `BadRow.row` counts, `index` from 0 among all records of the file, bad ones as well."""

    number: int
    index: int
    values: Mapping[str, Any]


def read_rows(path: Path) -> Iterator[Row | BadRow]:
    """The rows of a file, by the end of its name. Raises DataError if the file can't be read or is of no known kind."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: not a data file", f"known: {', '.join(_READERS)}")
    try:
        yield from reader(path)
    except OSError as error:
        raise DataError(f"can't read {path}: {error.strerror or error}") from None


def is_data_file(path: Path) -> bool:
    """Whether `read_rows` knows this kind of file, by its name."""
    return path.suffix.lower() in _READERS


def _json_lines(path: Path) -> Iterator[Row | BadRow]:
    index = count()
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
            if line.strip():
                yield _record(path, number, next(index), line)


def _record(path: Path, number: int, index: int, line: bytes) -> Row | BadRow:
    try:
        return _row(path, number, index, json.loads(line.decode()))
    except UnicodeDecodeError:
        return BadRow(str(path), number, "not UTF-8")
    except json.JSONDecodeError as error:
        return BadRow(str(path), number, f"not JSON: {error.msg} at character {error.pos + 1}")
    except (ValueError, RecursionError) as error:
        return BadRow(str(path), number, f"not JSON that can be read: {' '.join(str(error).split())[:100]}")


def _row(path: Path, number: int, index: int, values: object) -> Row | BadRow:
    if not isinstance(values, dict):
        return BadRow(str(path), number, f"an object is needed, not {type(values).__name__}")
    return Row(number, index, values)


def _json(path: Path) -> Iterator[Row | BadRow]:
    """A JSON array of objects, an object with one such array in it, or JSON Lines under this name."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8") from None
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            yield from _json_lines(path)
            return
        raise DataError(f"{path}: not JSON: {error.msg} in line {error.lineno}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON that can be read: {' '.join(str(error).split())[:100]}") from None
    if isinstance(whole, dict):
        lists = [
            value
            for value in whole.values()
            if isinstance(value, list) and value and isinstance(value[0], dict)
        ]
        whole = lists[0] if len(lists) == 1 else [whole]
    if not isinstance(whole, list):
        raise DataError(f"{path}: a list of objects is needed, not {type(whole).__name__}")
    for index, values in enumerate(whole):
        yield _row(path, index + 1, index, values)


def _separated(delimiter: str) -> Callable[[Path], Iterator[Row | BadRow]]:
    def read(path: Path) -> Iterator[Row | BadRow]:
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = _header(path, reader)
            number, index = 1, 0
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    number, index = number + 1, index + 1
                    yield BadRow(str(path), number, f"not CSV: {error}")
                    continue
                if not any(cells):
                    number += 1
                    continue
                number += 1
                yield _cells(path, number, index, header, cells)
                index += 1

    return read


def _header(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip() for name in next(reader)]
    except StopIteration:
        raise DataError(f"{path}: the file is empty") from None
    except csv.Error as error:
        raise DataError(f"{path}: not CSV: {error}") from None
    if twice := next((name for name in header if header.count(name) > 1), None):
        raise DataError(f"{path}: two columns are called {twice!r}")
    return header


def _cells(path: Path, number: int, index: int, header: list[str], cells: list[str]) -> Row | BadRow:
    if len(cells) != len(header):
        return BadRow(str(path), number, f"has {len(cells)} cells, the header {len(header)}")
    if any(_NOT_UTF8.search(cell) for cell in cells):
        return BadRow(str(path), number, "not UTF-8")
    return Row(number, index, {name: cell or None for name, cell in zip(header, cells, strict=True)})


def _parquet(path: Path) -> Iterator[Row | BadRow]:
    try:
        import pyarrow.parquet
    except ImportError:
        raise DataError(f"{path}: Parquet needs pyarrow", "pip install 'mathagent[data]'") from None
    numbers = count(1)
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=256):
                for values in batch.to_pylist():
                    number = next(numbers)
                    yield Row(number, number - 1, values)
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: not Parquet that can be read: {' '.join(str(error).split())[:160]}"
        ) from None


_READERS: Mapping[str, Callable[[Path], Iterator[Row | BadRow]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".parquet": _parquet,
}
