"""An example: a reply of a model to its prompt, with the row that says what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathagent.collection import open_collection
from mathagent.errors import UsageError
from mathagent.run.folder import read_settings
from mathagent.run.lines import read_lines
from mathagent.run.rows import Row
from mathagent.run.staged import KIND
from mathagent.trace.schema import Trace

Chat = list[dict[str, Any]]
"""Chat messages as OpenAI's API has them."""


@dataclass(frozen=True, slots=True)
class Example:
    """One reply. row: of its run. role: what the model was asked to be."""

    trace: Trace
    row: Row
    role: str = "solve"

    @property
    def name(self) -> str:
        """What it is called: the problem's id and the number of the sample, `p7#0`."""
        return f"{self.row.id}#{self.row.sample}"

    def prompt(self, *, worked: bool = False) -> Chat:
        """The messages of its prompt; without the worked examples in it, unless they are asked for."""
        messages = [dict(message) for message in self.trace.prompt.messages]
        if worked or not messages:
            return messages
        return [message for message in messages[:-1] if message["role"] == "system"] + messages[-1:]


def open_examples(path: Path) -> list[Example]:
    """The examples of a run's folder, or of an augmentation's: there, the replies that became new problems.

    Raises UsageError where there is no run, or none that has traces.
    """
    if path.is_file():
        raise UsageError(f"{path}: training examples are made of a run's folder", "it has the traces")
    settings = read_settings(path)
    kind = settings.get(KIND)
    if kind == "augment":
        return list(_augmented(path))
    if kind is not None:
        raise UsageError(f"{path} holds several runs", f"its examples are in {path}/round-1/export")
    return _of_run(path, str(settings.get("role", "solve")))


def _of_run(path: Path, role: str) -> list[Example]:
    collection = open_collection(path)
    return [
        Example(collection.trace(entry), collection.rows[entry.id], role)
        for entry in collection.entries
        if entry.id in collection.rows
    ]


def _augmented(path: Path) -> Iterator[Example]:
    if not (path / "ledger.jsonl").exists():
        raise UsageError(f"{path}: the augmentation is not finished", f"mathagent status {path}")
    kept = {line["trace_id"] for _, line in read_lines(path / "ledger.jsonl") if line["outcome"] == "kept"}
    for settings in sorted(path.glob("asked/*/settings.json")):
        role = json.loads(settings.read_text(encoding="utf-8"))["role"]
        yield from (each for each in _of_run(settings.parent, role) if each.trace.id in kept)


def by_problem(examples: Sequence[Example]) -> dict[str, list[Example]]:
    """The examples of every problem, samples in order, problems in the order in which they come up."""
    found: dict[str, list[Example]] = {}
    for example in examples:
        found.setdefault(example.row.id, []).append(example)
    return {id: sorted(mine, key=lambda each: each.row.sample) for id, mine in found.items()}
