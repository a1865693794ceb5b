"""Recordings from ToRA's output files: one string a record, with ```python and ```output blocks."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.replay.recording import FENCED_OUTPUT, Recording

_OUTPUT = re.compile(FENCED_OUTPUT, re.DOTALL)


def load_tora(path: str | Path) -> list[Recording]:
    """Read a file such as tora-code-34b-gsm8k.jsonl."""
    recordings = []
    with Path(path).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            source = f"{Path(path).name}:{number}"
            recordings.append(split_fenced(row["question"], row["code"][0], source, str(row["pred"][0])))
    return recordings


def split_fenced(problem: str, text: str, source: str = "", answer: str = "") -> Recording:
    """Cut a transcript at its output blocks. Not a character is lost: `Recording.text` gives the transcript back."""
    said, outputs, at = [], [], 0
    for block in _OUTPUT.finditer(text):
        said.append(text[at : block.start()])
        outputs.append(block.group())
        at = block.end()
    return Recording(problem, (*said, text[at:]), tuple(outputs), source=source, answer=answer)
