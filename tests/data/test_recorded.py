"""The data sets beside the checkout: every row is read, with the answer that its authors wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mathagent.data import Problem, load
from mathagent.data.gold import worked_answer
from tests.data.recorded import DATA, needs_data

pytestmark = needs_data

COUNTS = {
    "gsm8k": 660,
    "math": 500,
    "math-500": 252,
    "aime24": 30,
    "hungarian_exam": 33,
    "svamp": 500,
    "cmath": 300,
    "mgsm-zh": 125,
    "cn_middle_school": 51,
    "gaokao_math_qa": 176,
    "gaokao_math_cloze": 59,
    "gaokao2024_mix": 46,
}
CHINESE = {"cmath", "mgsm-zh", "cn_middle_school", "gaokao_math_qa", "gaokao_math_cloze", "gaokao2024_mix"}

KEYS: dict[str, Callable[[dict[str, Any]], str]] = {
    "gsm8k": lambda row: row["answer"].rsplit("#### ", 1)[1].replace(",", ""),
    "math": lambda row: row["answer"].strip(),
    "math-500": lambda row: row["answer"],
    "aime24": lambda row: row["answer"],
    "svamp": lambda row: str(row["Answer"]).removesuffix(".0"),
    "cmath": lambda row: row["golden"],
    "mgsm-zh": lambda row: row["answer"],
    "cn_middle_school": lambda row: row["choice_answer"] or row["answer"],
    "gaokao_math_qa": lambda row: row["label"].replace(" ", ""),
    "gaokao2024_mix": lambda row: (row["choice_answer"] or row["answer"]).strip(),
    "gaokao_math_cloze": lambda row: row["answer"].replace(";", "; "),
}


@pytest.mark.parametrize("name", COUNTS)
def test_every_row_is_a_problem(name: str) -> None:
    data = load(name, data_dir=DATA)
    assert data.bad == ()
    assert len(data.problems) == data.total == COUNTS[name]
    assert data.licence
    assert {problem.language for problem in data.problems} == {"zh" if name in CHINESE else "en"}
    assert len({problem.id for problem in data.problems}) == COUNTS[name]
    for problem in data.problems:
        json.dumps(dict(problem.extra), allow_nan=False)
        if name in KEYS:
            assert problem.gold == KEYS[name](dict(problem.extra)), problem.id
        else:
            assert problem.gold is None


def by_id(name: str, **wanted: Any) -> dict[str, Problem]:
    return {problem.id: problem for problem in load(name, data_dir=DATA, **wanted).problems}


def test_what_is_asked_in_some_of_them() -> None:
    choice = by_id("gaokao_math_qa")["0"]
    assert choice.text.splitlines()[1:] == [
        "A. $\\{x \\mid x>-1\\}$",
        "B. $\\{x \\mid x \\geq 1\\}$",
        "C. $\\{x \\mid-1<x<1\\}$",
        "D. $\\{x \\mid 1 \\leq x<2\\}$",
    ]
    assert choice.golds == ("D", "$\\{x \\mid 1 \\leq x<2\\}$")
    assert by_id("gaokao_math_cloze")["58"].parts == ("0", "3")
    assert by_id("cn_middle_school")["0"].golds == ("A", "-2")
    assert by_id("gaokao2024_mix")["0"].golds == ("C", "{x \\mid-3<x<4}")
    svamp = by_id("svamp")["chal-65"]
    assert svamp.text.endswith("sold 10 cakes and 90 pastries. How many cakes would baker still have?")
    assert (svamp.gold, svamp.kind) == ("139", "Subtraction")
    mgsm = by_id("mgsm-zh")["0"]
    assert mgsm.text.startswith("珍妮特的鸭子")
    assert by_id("math-500")["test/precalculus/807.json"].level == "2"
    assert by_id("cmath")["300"].level == "4"
    assert by_id("gsm8k")["0"].solution == by_id("gsm8k")["0"].extra["answer"]


def test_the_boxes_of_math_are_its_answers() -> None:
    """Without the answer column, as the hub has MATH, the last box of the solution gives the same."""
    for problem in by_id("math").values():
        assert worked_answer(problem.extra["solution"]) == problem.gold


def test_the_exam_without_a_key_is_for_people() -> None:
    data = load("hungarian_exam", data_dir=DATA)
    assert data.by_hand
    assert data.unanswered == 33


def test_rotations_of_a_whole_set() -> None:
    turned = load("gaokao_math_qa", data_dir=DATA, circular=True)
    assert len(turned.problems) == 4 * turned.total
    assert len({problem.id for problem in turned.problems}) == 4 * turned.total
    for problem in turned.problems:
        right = {option.text for option in problem.options if option.label in (problem.gold or "")}
        labels = problem.extra["label"].replace(" ", "")
        assert right == {problem.extra["options"][label].strip() for label in labels}


def test_training_sets() -> None:
    data = load("gsm8k", data_dir=DATA, split="train")
    assert (len(data.problems), data.unanswered, data.bad) == (7473, 0, ())
    assert load(str(DATA / "train" / "mawps_asdiv_train.jsonl")).total == 3138


def test_output_rows_of_other_tools_are_data_too() -> None:
    rows = load(str(DATA / "reward" / "math_cot_100.jsonl")).problems
    assert len(rows) == 50
    assert all(
        problem.gold == problem.extra["answer"] for problem in rows
    )  # `gt` is what a normaliser left of it
