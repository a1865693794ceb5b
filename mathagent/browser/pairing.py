"""Which traces belong together: samples of one problem, and the same problem and sample in another run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mathagent.collection import Collection, Entry


class Pairing:
    """The traces of a collection by problem. Problems without an id (those that were typed in) go by their text."""

    def __init__(self, collection: Collection) -> None:
        self._samples: dict[tuple[str, str], list[Entry]] = {}
        for entry in collection.entries:
            self._samples.setdefault(_problem(entry), []).append(entry)
        for samples in self._samples.values():
            samples.sort(key=lambda each: each.sample)

    def samples(self, entry: Entry) -> list[Entry]:
        """All samples of a problem, its own entry among them where it is one of this collection."""
        return self._samples.get(_problem(entry), [])

    def counterpart(self, entry: Entry) -> Entry | None:
        """The same problem and sample in this collection, the last one if there are several."""
        same = [each for each in self.samples(entry) if each.sample == entry.sample]
        return same[-1] if same else None


def following(entries: Sequence[Entry], start: int, step: int, verdict: str) -> int | None:
    """The place in `entries` of the next one with a verdict, before `start` for a step of -1; None without one."""
    places = range(start + step, len(entries) if step > 0 else -1, step)
    return next((place for place in places if entries[place].verdict == verdict), None)


def next_run(path: Path) -> Path | None:
    """The run that follows in the same folder by name, the first after the last; None where there is no other."""
    if not path.is_dir():
        return None
    here = path.resolve()
    runs = sorted(each.parent for each in here.parent.glob("*/traces.jsonl") if each.parent != here)
    return next((run for run in runs if run > here), runs[0] if runs else None)


def _problem(entry: Entry) -> tuple[str, str]:
    return ("id", entry.problem) if entry.problem else ("text", entry.question)
