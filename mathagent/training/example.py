"""One training example: a problem, the parts of a reply that the loop would have made of it, and the answer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Author = Literal["prompt", "model", "kernel"]
Mode = Literal["tir", "cot", "numbers"]
"""What the model is asked: to solve with code or in words, or to change a problem's numbers (an augmenter's role)."""


@dataclass(frozen=True, slots=True)
class Program:
    """A problem with the Python that solves it, not yet run.

    id: unique within its source. lines: statements; the last one prints. answer: what must come out of it.
    solution: a worked solution in words, where the source has one. original: the problem that this one is with other
    numbers.
    """

    id: str
    source: str
    problem: str
    lines: tuple[str, ...]
    answer: str
    solution: str = ""
    original: str = ""

    @property
    def code(self) -> str:
        """The statements, a line each."""
        return "\n".join(self.lines) + "\n"


@dataclass(frozen=True, slots=True)
class Example:
    """What is learned from: the reply to a problem, part by part, as `mathagent.protocols.base.Part` has them.

    mode: of the prompt. shape: "block", "blocks", "corrected", "words", "numbers", "kept". reply: (author, text) pairs;
    only the model's own texts are learned. ended: whether the model ended the reply there (else it only paused
    after a block, and no end-of-turn token is learned).
    """

    id: str
    source: str
    problem: str
    answer: str
    mode: Mode
    shape: str
    reply: tuple[tuple[Author, str], ...]
    ended: bool = True


def write_examples(path: Path, examples: Iterable[Example]) -> int:
    """Write examples as JSON Lines, the file appearing whole or not at all; returns how many."""
    lines = [json.dumps(asdict(example), ensure_ascii=False) + "\n" for example in examples]
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text("".join(lines), encoding="utf-8")
    partial.replace(path)
    return len(lines)


def read_examples(path: Path) -> list[Example]:
    """Read what `write_examples` wrote."""
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [Example(**{**row, "reply": tuple((who, text) for who, text in row["reply"])}) for row in rows]
