"""The recorded ToRA-34b runs on GSM8K: what was written, printed and answered, and what is right."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from tests.replay.fixtures import DATA
from tests.replay.recording import Recording
from tests.replay.tora import split_fenced

FILE = DATA / "trajectories" / "tora-code-34b-gsm8k.jsonl"

_CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
_OUTPUT = re.compile(r"\A```output\n(.*?)\n?```\Z", re.DOTALL)


@dataclass(frozen=True)
class Record:
    """One recorded run.

    line: its line in the file, from 1. codes: the code of its blocks. outputs: the text of its output blocks.
    pred: the answer that was taken from it. gold: the right answer.
    right: whether `pred` is the right number by plain comparison of numbers, which is how 530 of 660 were counted.
    """

    line: int
    recording: Recording
    codes: tuple[str, ...]
    outputs: tuple[str, ...]
    pred: str
    gold: str

    @property
    def right(self) -> bool:
        pred, gold = number(self.pred), number(self.gold)
        return pred is not None and gold is not None and abs(pred - gold) < 1e-3


def load() -> list[Record]:
    """All 660 records."""
    records = []
    for line, text in enumerate(FILE.read_text(encoding="utf-8").splitlines(), 1):
        row = json.loads(text)
        whole, pred = row["code"][0], str(row["pred"][0])
        recording = split_fenced(row["question"], whole, f"{FILE.name}:{line}", pred)
        records.append(
            Record(
                line,
                recording,
                codes=tuple(_CODE.findall("".join(recording.said))),
                outputs=tuple(_inside(block) for block in recording.outputs),
                pred=pred,
                gold=str(row["gt"]),
            )
        )
    return records


def number(text: str) -> float | None:
    """The number that a text is, commas left out; None if it is none."""
    try:
        return float(text.strip().replace(",", ""))
    except ValueError:
        return None


def _inside(block: str) -> str:
    match = _OUTPUT.match(block)
    assert match is not None, block
    return match[1]
