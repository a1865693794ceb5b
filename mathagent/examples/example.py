"""An example: a reply of a model to its prompt, with the row that says what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mathagent.collection import open_collection
from mathagent.errors import UsageError
from mathagent.run.folder import KIND, read_settings
from mathagent.run.lines import read_lines
from mathagent.run.rows import Row
from mathagent.trace.schema import Trace

Chat = list[dict[str, Any]]
"""Chat messages as OpenAI's API has them."""


@dataclass(frozen=True, slots=True)
class Example:
    """One reply. row: of its run. role: what the model was asked to be. called: its name, if it is another."""

    trace: Trace
    row: Row
    role: str = "solve"
    called: str = ""

    @property
    def name(self) -> str:
        """What it is called: the problem's id and the number of the sample, `p7#0`."""
        return self.called or f"{self.row.id}#{self.row.sample}"

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
    """The examples of a run, in the order of its problems, samples in order, however they finished."""
    collection = open_collection(path)
    ids = [*(line["id"] for _, line in read_lines(path / "problems.jsonl")), *collection.problems()]
    order = {id: place for place, id in enumerate(dict.fromkeys(ids))}
    found = [
        Example(collection.trace(entry), collection.rows[entry.id], role)
        for entry in collection.entries
        if entry.id in collection.rows
    ]
    return sorted(found, key=lambda each: (order[each.row.id], each.row.sample))


def _augmented(path: Path) -> Iterator[Example]:
    """The replies that became new problems, in the order of the ledger."""
    if not (path / "ledger.jsonl").exists():
        raise UsageError(f"{path}: the augmentation is not finished", f"mathagent status {path}")
    asked: dict[str, Example] = {}
    for settings in path.glob("asked/*/settings.json"):
        role = str(read_settings(settings.parent).get("role"))
        asked |= {each.trace.id: each for each in _of_run(settings.parent, role)}
    for _, line in read_lines(path / "ledger.jsonl"):
        if line["outcome"] == "kept":
            yield replace(asked[line["trace_id"]], called=line["id"])


def by_problem(examples: Sequence[Example]) -> dict[str, list[Example]]:
    """The examples of every problem, samples in order, problems in the order in which they come up."""
    found: dict[str, list[Example]] = {}
    for example in examples:
        found.setdefault(example.row.id, []).append(example)
    return {id: sorted(mine, key=lambda each: each.row.sample) for id, mine in found.items()}
