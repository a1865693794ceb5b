"""Append-only files of JSON lines: a crash at any moment loses no finished line and spoils no later one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mathagent.errors import RunError


class LineFile:
    """A file open for appending. A last line that a crash tore is cut off first; `repaired` says how many bytes.

    Every line goes to the operating system as one write before `append` returns, so that the death of this process
    loses nothing; `sync` makes it survive the death of the machine.

    Raises RunError where the file can't be opened or written (a full disk, say); a half-written line is taken back.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self.repaired = self._cut_torn_line()
        except OSError as error:
            raise RunError(f"can't write {path}: {error.strerror}") from None

    def append(self, line: str) -> None:
        """Append one line, given without its newline."""
        data = line.encode() + b"\n"
        size = os.fstat(self._file).st_size
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            if written:
                os.ftruncate(self._file, size)
            raise RunError(
                f"can't write {self.path}: {error.strerror}", "what was written is whole"
            ) from None

    def sync(self) -> None:
        """Wait until the disk has all lines."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _cut_torn_line(self) -> int:
        size = end = os.fstat(self._file).st_size
        while end > 0:
            start = max(0, end - 65536)
            newline = os.pread(self._file, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            os.ftruncate(self._file, end)
        return size - end


def read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """The objects of a file with their line numbers, from 1; a torn last line is passed over, no file is an empty one.

    Raises RunError for a whole line that is no JSON.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    yield number, json.loads(line)
                except ValueError:
                    raise RunError(
                        f"{path}, line {number}: no JSON", "the file was changed by hand?"
                    ) from None
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunError(f"can't read {path}: {error.strerror}") from None
