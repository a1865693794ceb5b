"""Overlaps with evaluation sets: planted ones in disguises, unrelated problems, and the real sets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mathagent.data import Problem, load
from mathagent.overlap import Evaluation
from tests.cli.program import Program
from tests.overlap.unrelated import unrelated
from tests.run.stored import DATA

PLANTED = Path(__file__).with_name("planted.jsonl")
ROWS = [json.loads(line) for line in PLANTED.read_text().splitlines()]


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    made = Evaluation()
    made.add("exam", [Problem(id=row["id"], text=row["problem"]) for row in ROWS])
    return made


def test_there_are_fifty_planted_ones_in_ten_disguises() -> None:
    assert len(ROWS) == len({row["problem"] for row in ROWS}) == 50
    assert len({row["disguise"] for row in ROWS}) >= 10
    assert all(row["problem"] != row["planted"] for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['id']}-{row['disguise']}")
def test_a_planted_problem_is_found(evaluation: Evaluation, row: dict[str, str]) -> None:
    found = evaluation.find(row["planted"])
    assert found is not None
    assert (found.set, found.id, found.text) == ("exam", row["id"], row["problem"])


def test_no_unrelated_problem_is_taken_for_one(evaluation: Evaluation) -> None:
    texts = list(unrelated())
    assert len(set(texts)) == 200
    assert [text for text in texts if evaluation.find(text)] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 6 + 7?", "What is 6 * 7?"),
        ("Find the greatest common divisor of 12 and 18.", "Find the least common multiple of 12 and 18."),
        ("Solve $x^2 + 3x = 10$.", "Solve $x^2 - 3x = 10$."),
        ("Compute $\\sin 60^\\circ$.", "Compute $\\cos 60^\\circ$."),
        (
            "A shop sells 12 apples and 5 pears an hour. How many pieces of fruit does it sell in 8 hours?",
            "A pool is 12 m long and 5 m wide and 8 workers clean it. What area does each of them clean?",
        ),
    ],
)
def test_the_same_numbers_are_not_enough(one: str, other: str) -> None:
    made = Evaluation()
    made.add("exam", [Problem(id="1", text=one)])
    assert made.find(one) is not None
    assert made.find(other) is None


def test_texts_without_anything(evaluation: Evaluation) -> None:
    for text in ("", " ", "?", "$$", "\\frac{}{}", "{" * 5000, "\\frac{" * 2000, "1" * 5000, "。"):
        assert evaluation.find(text) is None


def test_the_command(tmp_path: Path) -> None:
    program = Program(tmp_path)
    (tmp_path / "exam.jsonl").write_text(
        "".join(json.dumps({"id": row["id"], "problem": row["problem"]}) + "\n" for row in ROWS)
    )
    mine = [{"n": f"m{row['id']}", "q": row["planted"], "kept": True} for row in ROWS[:5]]
    mine += [{"n": f"u{number}", "q": text, "kept": True} for number, text in enumerate(unrelated(20))]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in mine))
    command = ("decontaminate", "mine.jsonl", "--against", "exam.jsonl", "--columns", "problem=q,id=n")
    ended = program.call(*command, "-o", "out/clean.jsonl")
    assert ended.code == 0, ended.err
    assert [line.split()[0] for line in ended.out.splitlines()] == [f"me{number}" for number in range(1, 6)]
    assert "5 of 25 problems" in ended.err
    kept = [json.loads(line) for line in (tmp_path / "out" / "clean.jsonl").read_text().splitlines()]
    assert kept == mine[5:]
    found = json.loads(program.call(*command, "--json").out)
    assert (found["problems"], found["against"], len(found["overlaps"])) == (25, 50, 5)
    assert program.call("decontaminate", "mine.jsonl").code == 2
    assert program.call("decontaminate", "exam.jsonl", "--against", "nowhere.jsonl").code == 2


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the recorded data is not there: {DATA}")
@pytest.mark.parametrize(
    ("train", "test", "most"),
    [
        ("train/gsm8k_train.jsonl", "gsm8k/test.jsonl", 5),
        ("train/mawps_asdiv_train.jsonl", "svamp/test.jsonl", 5),
        ("math500/test.jsonl", "math/test.jsonl", 10),
    ],
)
def test_sets_that_are_apart_hardly_overlap(train: str, test: str, most: int) -> None:
    """Their authors keep them apart: what is found are a few twins that differ in their numbers or their question."""
    made = Evaluation()
    made.add(test, load(str(DATA / test), online=False).problems)
    problems = load(str(DATA / train), online=False).problems
    assert sum(made.find(problem.text) is not None for problem in problems) <= most
    for problem in load(str(DATA / test), online=False).problems[:100]:
        spaced = problem.text.replace(" ", "  ")
        if len(problem.text.split()) > 3:  # "Evaluate $\\log_327$." is too little to be found in another text
            assert made.find(f"Q: {spaced} Explain your answer.") is not None, problem.text
