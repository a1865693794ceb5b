"""ToRA: fenced markdown in one text, recorded whole (34B on GSM8K), and the corpus written by GPT-4."""

from __future__ import annotations

import re
from pathlib import Path

from mathagent.answers import boxed
from tests.playback.records import Record, number, rows
from tests.replay.tora import split_fenced

_CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
_OUTPUT = re.compile(r"\A```output\n(.*?)\n?```\Z", re.DOTALL)


def load_runs(file: Path) -> list[Record]:
    """ToRA-Code-34B on GSM8K."""
    return [
        _record(source, row["question"], row["code"][0], str(row["pred"][0]), str(row["gt"]), counted=True)
        for source, row in rows(file)
    ]


def load_corpus(file: Path) -> list[Record]:
    """The examples of the corpus that ToRA was trained on; the answer is the last box of the text."""
    records = []
    for source, row in rows(file):
        problem, text = (message["content"] for message in row["messages"])
        answer = (boxed(text) or [""])[-1]
        records.append(_record(source, problem, text, answer, str(row["gt"]), counted=False))
    return records


def _record(source: str, problem: str, text: str, answer: str, gold: str, *, counted: bool) -> Record:
    recording = split_fenced(problem, text, source, answer)
    codes = tuple(_CODE.findall("".join(recording.said)))
    outputs: list[str | None] = [_inside(block) for block in recording.outputs]
    outputs += [None] * (len(codes) - len(outputs))
    pred, right = number(answer), number(gold)
    return Record(
        source,
        recording,
        codes=codes,
        outputs=tuple(outputs),
        answer=answer,
        gold=gold,
        # Plain comparison of numbers: that is how 530 of the 660 runs were counted as right.
        right=pred is not None and right is not None and abs(pred - right) < 1e-3 if counted else None,
    )


def _inside(block: str) -> str:
    match = _OUTPUT.match(block)
    assert match is not None, block
    return match[1]
