"""Rows, and folders of runs, as tests of what comes after a run need them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mathagent.run.rows import Row

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def row(id: str, sample: int = 0, answer: str | None = "42", gold: str | None = "42", **fields: Any) -> Row:
    """A finished row, right if the texts are the same; answers with one text are one cluster."""
    made = Row(
        id=id,
        sample=sample,
        problem=f"Problem {id}",
        expected_answer=gold,
        predicted_answer=answer,
        generation="" if answer is None else f"So it is \\boxed{{{answer}}}.",
        finish_reason="no_answer" if answer is None else "answer",
        group=id,
    )
    if gold is not None:
        made = made.graded("correct" if answer == gold else "wrong", "by hand").model_copy(
            update={"previous_verdict": None}
        )
    return made.model_copy(update=fields)


def samples(id: str, answers: Sequence[str | None], gold: str = "42", **fields: Any) -> list[Row]:
    """The samples of a problem, by their answers."""
    numbers = {answer: number for number, answer in enumerate(dict.fromkeys(answers))}
    return [
        row(id, place, answer, gold, cluster=None if answer is None else numbers[answer], **fields)
        for place, answer in enumerate(answers)
    ]


def failed(id: str, sample: int = 0, reason: str = "kernel_error") -> Row:
    """A row of a sample that says nothing about the model."""
    return row(
        id,
        sample,
        None,
        error="no kernel could be had",
        finish_reason=reason,
        verdict="ungraded",
        symbolic_correct=None,
    )


def make_run(
    folder: Path, rows: Sequence[Row], *, k: int = 1, stop: object = None, problems: int | None = None
) -> Path:
    """The folder of a run that has these rows."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "data": {"name": "made", "problems": problems or len({row.id for row in rows})},
        "samples": k,
        "stop": stop,
        "model": "m",
        "sampling": {"temperature": 0.5},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "results.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in rows))
    return folder


def read(folder: Path) -> list[Row]:
    """The rows of a run's folder."""
    return [Row.model_validate_json(line) for line in (folder / "results.jsonl").read_text().splitlines()]
