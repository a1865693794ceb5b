"""The log of steps: what every unfinished trajectory has completed, so that it can go on after any end of the program.

A commit is written when a code block is complete, when its execution has ended, and after a choice; what the model is
in the middle of saying is no step yet.
"""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mathagent.errors import RunError
from mathagent.run.lines import LineFile, read_lines
from mathagent.trace.schema import Step

Key = tuple[str, int]
"""A trajectory: the problem's id and the sample's number, from 0."""

_STEPS: TypeAdapter[list[Step]] = TypeAdapter(list[Step])


@dataclass(slots=True)
class Begun:
    """A trajectory that has begun: the id of its trace, when it started (UTC, ISO 8601), and its completed steps."""

    trace: str
    started: str
    steps: list[Step] = field(default_factory=list)


class Journal:
    """The log, open for appending. `begun` holds what the file says of every trajectory."""

    def __init__(self, path: Path) -> None:
        self._file = LineFile(path)
        self.repaired = self._file.repaired

    def begin(self, key: Key, trace: str, started: str) -> None:
        """A trajectory begins, or begins anew."""
        self._write({"id": key[0], "sample": key[1], "trace": trace, "started": started})

    def commit(self, key: Key, steps: list[Step]) -> None:
        """Steps were completed."""
        dumped = _STEPS.dump_json(steps).decode()
        head = json.dumps({"id": key[0], "sample": key[1]}, ensure_ascii=False)
        self._file.append(f'{head[:-1]}, "steps": {dumped}}}')

    def sync(self) -> None:
        """Wait until the disk has all of it."""
        self._file.sync()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, record: dict[str, Any]) -> None:
        self._file.append(json.dumps(record, ensure_ascii=False))


def read_journal(path: Path, finished: Container[Key] = ()) -> dict[Key, Begun]:
    """What every unfinished trajectory has completed, the last beginning of each. Raises RunError."""
    found: dict[Key, tuple[str, str, list[Any]]] = {}
    for _, record in read_lines(path):
        key = (record["id"], record["sample"])
        if key in finished:
            continue
        if "trace" in record:
            found[key] = (record["trace"], record["started"], [])
        elif key in found:
            found[key][2].extend(record["steps"])
    try:
        return {
            key: Begun(trace, started, _STEPS.validate_python(steps))
            for key, (trace, started, steps) in found.items()
        }
    except ValidationError as error:
        first = error.errors()[0]
        raise RunError(
            f"{path}: a step that this mathagent can't read: {'.'.join(map(str, first['loc']))}: {first['msg']}",
            "it was written by a newer one?",
        ) from None
