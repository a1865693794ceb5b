"""A recorded run: what the model said, which code that holds, what it printed, what was answered, what is right.

The sources (`tests.playback.sources`) have the text of each format from the recorded fields and the authors' own
descriptions, without the protocols: that makes a played run a golden test of a protocol.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathagent.trace.schema import CodeStep, OutputStep, Step
from tests.replay.fixtures import DATA
from tests.replay.recording import Recording

TRAJECTORIES = DATA / "trajectories"


@dataclass(frozen=True)
class Record:
    """One recorded run.

    source: its file and line, "file:1".
    codes: the code of its blocks, in order, those among them that the recorded harness did not run.
    outputs: what each printed, as recorded; None where the harness ran nothing or recorded nothing.
    answer: the answer that was taken from it, "" for none. gold: the right answer.
    right: whether the recorded answer was counted as right; None where nothing says so.
    made_up: the outputs were written by the model, and nothing was run.
    cut: the record goes on, but a run of ours ends here, and why ("" where all of it can be played).
    notice: regex of what ours adds to outputs where the recorded harness added nothing.
    """

    source: str
    recording: Recording
    codes: tuple[str, ...]
    outputs: tuple[str | None, ...]
    answer: str
    gold: str
    right: bool | None = None
    made_up: bool = False
    cut: str = ""
    notice: str = ""

    def __post_init__(self) -> None:
        assert len(self.codes) == len(self.outputs), self.source


@dataclass(frozen=True)
class Format:
    """Runs of one form.

    protocol: in which they are played. model: the name under which the server offers the model.
    """

    name: str
    protocol: str
    model: str
    files: tuple[Path, ...]
    load: Callable[[Path], list[Record]]

    def records(self) -> list[Record]:
        """All records of all files."""
        return [record for file in self.files for record in self.load(file)]

    @property
    def there(self) -> bool:
        """Whether the recorded data is beside the checkout."""
        return all(file.exists() for file in self.files)


def record_of(
    source: str,
    problem: str,
    steps: Sequence[Step],
    *,
    output_block: str,
    opening: str,
    answer: str,
    gold: str,
    right: bool | None = None,
) -> Record:
    """The record of a reply that is there as steps: what was said between outputs, the code, what was printed."""
    said, turns, codes, printed = [""], [], [], []
    for step in steps:
        if isinstance(step, OutputStep):
            turns.append(step.raw)
            printed.append(step.shown)
            said.append("")
            continue
        said[-1] += step.raw
        if isinstance(step, CodeStep):
            codes.append(step.code)
    recording = Recording(
        problem,
        tuple(said),
        tuple(turns),
        output_block=output_block,
        opening=opening,
        source=source,
        answer=answer,
    )
    return Record(source, recording, tuple(codes), tuple(printed), answer, gold, right)


def rows(file: Path) -> Iterator[tuple[str, Any]]:
    """The records of a JSON Lines file, each with its place."""
    for line, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        yield f"{file.stem}:{line}", json.loads(text)


def number(text: str) -> float | None:
    """The number that a text is, commas left out; None if it is none."""
    try:
        return float(text.strip().replace(",", ""))
    except ValueError:
        return None
