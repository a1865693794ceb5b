"""The verdicts that other graders recorded for real model answers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from mathagent.grading import Grade, Grader

DATA = Path(__file__).parents[2].parent / "shared" / "data"

pytestmark = pytest.mark.data


def rows(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the recorded data is not there: {path}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def grade_all(pairs: list[tuple[str, str]]) -> list[Grade]:
    async def grading() -> list[Grade]:
        async with Grader() as grader:
            return [await grader.grade(answer, gold) for answer, gold in pairs]

    return asyncio.run(grading())


def test_tora_on_gsm8k_as_counted() -> None:
    records = rows("trajectories/tora-code-34b-gsm8k.jsonl")
    grades = grade_all([(str(record["pred"][0]), str(record["gt"])) for record in records])
    assert sum(grade.verdict == "correct" for grade in grades) == 530
    assert sum(grade.verdict == "undecided" for grade in grades) == 0


def test_the_reward_samples_as_recorded() -> None:
    records = rows("reward/math_cot_100.jsonl")
    samples = [(p, r["gt"], s) for r in records for p, s in zip(r["pred"], r["score"], strict=True)]
    grades = grade_all([(str(pred), str(gold)) for pred, gold, _ in samples])
    assert [grade.verdict == "correct" for grade in grades] == [score for _, _, score in samples]


# Where we judge otherwise than the recorded verdict, by (answer, gold), and why.
COARSE = "a decimal too coarse for us, accepted within 1e-3"
EXPLAINED = {
    ("583.33", "583.3333"): COARSE,
    ("30.003", "30"): COARSE,
    ("7.03125", "7.03"): COARSE,
    ("0.249", "0.25"): COARSE,
    ("20{/h}", "20"): "a unit in braces, which the other did not take off",
    ("{(b)}", "0.0"): "a letter accepted for a number",
    ("-20x", "-20*x"): "the same product, which the other did not read",
    ("-48g", "-48*g"): "the same product, which the other did not read",
}


@pytest.mark.parametrize(
    ("name", "answer", "gold", "label"),
    [
        ("cot/nemo-math-3samples.jsonl", "predicted_answer", "expected_answer", "symbolic_correct"),
        ("trajectories/mathcoder-l70b-simuleq.jsonl", "completion", "ground_truth", "score"),
        ("trajectories/mathcoder-l70b-mathematics.jsonl", "completion", "ground_truth", "score"),
        ("trajectories/mathcoder-l70b-gsm8k-3runs.jsonl", "completion", "ground_truth", "score"),
    ],
)
def test_recorded_verdicts(name: str, answer: str, gold: str, label: str) -> None:
    records = rows(name)
    known = [record[gold]["answer"] if isinstance(record[gold], dict) else record[gold] for record in records]
    grades = grade_all(
        [(str(record[answer]), str(each)) for record, each in zip(records, known, strict=True)]
    )
    differ = [
        grade
        for grade, record in zip(grades, records, strict=True)
        if (grade.verdict == "correct") != bool(record[label])
    ]
    assert [grade for grade in differ if (grade.answer, grade.gold) not in EXPLAINED] == []
