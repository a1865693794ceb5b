"""A small world for runs: problems with several recorded replies each, and a data file that asks them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.replay.recording import Recording


def output(text: str) -> str:
    """An output block as the markdown protocol writes it."""
    return f"```output\n{text}\n```\n"


def recordings(problems: int, replies: int = 5) -> list[Recording]:
    """For each problem several replies of three cells each, the state going from cell to cell; one of five is wrong."""
    made = []
    for number in range(problems):
        for reply in range(replies):
            base = number * 10 + reply
            right = number + 3
            answer = right if reply % 5 != 4 else right + 1
            made.append(
                Recording(
                    problem=question(number),
                    said=(
                        f"I begin with {base}, try number {reply}.\n```python\nx = {base}\nprint(x)\n```\n",
                        f"Now twice that, for problem {number}.\n```python\ny = 2 * x\nprint(y)\n```\n",
                        f"And both together.\n```python\nprint(x + y - {3 * base} + {answer})\n```\n",
                        f"So the answer is \\boxed{{{answer}}}.",
                    ),
                    outputs=(output(str(base)), output(str(2 * base)), output(str(answer))),
                    source=f"made: {number}/{reply}",
                    answer=str(answer),
                )
            )
    return made


def question(number: int) -> str:
    """The text of a problem; none is a part of another."""
    return f"Problem <{number}>: what is {number} + 3?"


def write_problems(path: Path, problems: int) -> Path:
    """The problems as JSON Lines."""
    rows = (
        {"id": f"p{number}", "problem": question(number), "answer": str(number + 3), "level": number % 3}
        for number in range(problems)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
