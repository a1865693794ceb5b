"""Rows with the columns that the hub's repositories have are read by the entries of sets.yaml.

The columns are those that public code takes from these repositories (`checked: code`); the problems are made up.
"""

from __future__ import annotations

from typing import Any

import pytest

from mathagent.data import sets
from mathagent.data.build import build
from mathagent.data.files import Row
from mathagent.data.problem import Problem
from mathagent.data.sources import Wanted, rules_of, with_columns

ROWS: dict[str, tuple[dict[str, Any], str, str]] = {
    "gsm8k": ({"question": "1+1?", "answer": "It is 2.\n#### 2"}, "1+1?", "2"),
    "gsm-hard": ({"input": "1+1?", "code": "def solution(): ...", "target": 2.0}, "1+1?", "2"),
    "gsm-plus": (
        {"question": "1+1?", "solution": "two", "answer": "2", "perturbation_type": "numerical"},
        "1+1?",
        "2",
    ),
    "svamp": (
        {"ID": "c1", "Body": "I have 1", "Question": "And 1 more?", "Answer": "2.0", "Type": "Addition"},
        "I have 1. And 1 more?",
        "2.0",
    ),
    "asdiv": (
        {"body": "I have 1.", "question": "And 1 more?", "answer": "2 (apples)", "solution_type": "Sum"},
        "I have 1. And 1 more?",
        "2",
    ),
    "mawps": (
        {"id": "m1", "question": "1+1?", "chain": "<gadget>", "result": "2", "result_float": 2.0},
        "1+1?",
        "2",
    ),
    "math": (
        {"problem": "1+1?", "level": "Level 1", "type": "Algebra", "solution": r"So \boxed{2}."},
        "1+1?",
        "2",
    ),
    "math-500": (
        {"problem": "1+1?", "solution": r"\boxed{3}", "answer": "2", "level": 1, "unique_id": "u"},
        "1+1?",
        "2",
    ),
    "aime24": ({"id": 60, "problem": "1+1?", "solution": "long", "answer": "204"}, "1+1?", "204"),
    "aime25": ({"id": "0", "problem": "1+1?", "answer": "70"}, "1+1?", "70"),
    "amc23": ({"id": 0, "question": "1+1?", "answer": 27.0, "url": ""}, "1+1?", "27"),
    "hmmt_feb25": (
        {"problem_idx": 1, "problem": "1+1?", "answer": "103", "problem_type": ["Algebra"]},
        "1+1?",
        "103",
    ),
    "beyond-aime": ({"problem": "1+1?", "answer": 2}, "1+1?", "2"),
    "minerva_math": ({"question": "1+1?", "answer": r"\frac{1}{2}"}, "1+1?", r"\frac{1}{2}"),
    "olympiadbench": (
        {
            "id": 1,
            "question": "1+1?",
            "solution": ["a", "b"],
            "final_answer": ["$2$", "$3$"],
            "subfield": "Algebra",
            "difficulty": "Competition",
            "language": "English",
            "modality": "Text-only",
        },
        "1+1?",
        "$2$, $3$",
    ),
    "omni-math": (
        {
            "domain": ["Algebra"],
            "difficulty": 8.0,
            "problem": "1+1?",
            "solution": "s",
            "answer": "2",
            "source": "imo",
        },
        "1+1?",
        "2",
    ),
    "gaokao2023en": (
        {"question": "1+1?", "answer": "$2$", "source": "x", "lang": "en", "sourcename": "y", "id": 1},
        "1+1?",
        "$2$",
    ),
    "gaokao_math_qa": (
        {
            "query": "问题：集合 $A$ 是 ( ) 选项：(A)$1$ (B)$2$ (C)$3$ (D)$4$\n答案：从A到D, 我们应选择",
            "choices": ["(A)$1$", "(B)$2$", "(C)$3$", "(D)$4$"],
            "gold": [2],
        },
        "集合 $A$ 是 ( )\nA. $1$\nB. $2$\nC. $3$\nD. $4$",
        "C",
    ),
    "gaokao_math_cloze": ({"query": "问题：$1+1=$ ( )\n答案：", "answer": "2;3"}, "$1+1=$ ( )", "2; 3"),
    "cmath": (
        {"grade": 2, "question": "一加一", "golden": "2", "reasoning_step": 1, "num_digits": 1},
        "一加一",
        "2",
    ),
    "mgsm-zh": (
        {"question": "一加一", "answer": None, "answer_number": 2, "equation_solution": None},
        "一加一",
        "2",
    ),
}


def read(name: str) -> Problem:
    info = sets()[name]
    assert info.hub is not None
    row = ROWS[name][0]
    rules = with_columns(rules_of(info, info.hub, Wanted()), info.hub.mapping(), [Row(1, 0, row)])
    assert rules.columns == info.hub.mapping(), "every column of the entry is there"
    return build(row, rules, "0")


def test_a_renamed_column_is_found_by_the_usual_names() -> None:
    info = sets()["cmath"]
    assert info.hub is not None
    row = {"input": "一加一", "answer": "2"}
    rules = with_columns(rules_of(info, info.hub, Wanted()), info.hub.mapping(), [Row(1, 0, row)])
    assert build(row, rules, "0").golds == ("2",)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_the_hub(name: str) -> None:
    _, text, gold = ROWS[name]
    problem = read(name)
    assert (problem.text, problem.gold) == (text, gold)
    assert problem.language == sets()[name].language


def test_what_else_such_rows_say() -> None:
    assert (read("math").level, read("math").kind) == ("1", "Algebra")
    assert (read("cmath").level, read("gsm-plus").kind) == ("2", "numerical")
    assert read("omni-math").source == "imo"
    assert read("olympiadbench").solution == "a"
    assert read("gaokao_math_cloze").parts == ("2", "3")


def test_the_exam_on_the_hub_has_no_key() -> None:
    info = sets()["hungarian_exam"]
    problem = build({"Question": "1+1?"}, rules_of(info, info.hub, Wanted()), "0")
    assert (problem.text, problem.gold) == ("1+1?", None)
