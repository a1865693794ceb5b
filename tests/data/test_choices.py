"""Multiple choice: options in every public form, the right one, and rotations."""

from __future__ import annotations

from typing import Any

import pytest

from mathagent.data import Option, Problem, rotations
from mathagent.data.build import Rules, build

STEM = "Which is prime?"
TEXTS = ("4", "6", "7", "9")


def built(**row: Any) -> Problem:
    return build({"question": STEM, **row}, Rules(), "p")


@pytest.mark.parametrize(
    "row",
    [
        {"options": dict(zip("ABCD", TEXTS, strict=True)), "label": "C", "answer": None},
        {"options": list(TEXTS), "answer": "C"},
        {"choices": ["(A)4", "(B)6", "(C)7", "(D)9"], "gold": [2]},
        {"choices": ["A. 4", "B. 6", "C. 7", "D. 9"], "answer": "7"},
        {"choices": list(TEXTS), "answer": 2},
        {"choices": {"label": list("ABCD"), "text": list(TEXTS)}, "answer": "(C)"},
        {"options": '["4", "6", "7", "9"]', "answer": "C. 7"},
        {**dict(zip("ABCD", TEXTS, strict=True)), "answer": " C "},
    ],
)
def test_every_form_of_options_is_one_problem(row: dict[str, Any]) -> None:
    problem = built(**row)
    assert problem.text == "Which is prime?\nA. 4\nB. 6\nC. 7\nD. 9"
    assert problem.stem == STEM
    assert problem.golds == ("C", "7")


def test_several_right_options() -> None:
    assert built(options=list(TEXTS), answer="C, A").golds == ("AC",)


def test_labels_in_the_texts_stay_where_not_all_have_one() -> None:
    assert built(options=["A. M. Turing", "G. H. Hardy"], answer="A").options[0].text == "A. M. Turing"


def test_options_in_the_text_leave_the_label_and_what_it_stands_for() -> None:
    row = {"question": "下列最小的数是()\nA.-2  B.0", "answer": "A. -2", "choice_answer": "A"}
    assert build(row, Rules(), "p").golds == ("A", "-2")
    row = {"question": "x + 1 = 2, x = ____", "answer": "1", "choice_answer": ""}
    assert build(row, Rules(), "p").golds == ("1",)


def test_rotations_keep_the_right_text_right() -> None:
    turned = rotations(built(options=list(TEXTS), answer="C"))
    assert [problem.id for problem in turned] == ["p@0", "p@1", "p@2", "p@3"]
    assert {problem.group for problem in turned} == {"p"}
    assert [problem.gold for problem in turned] == ["C", "B", "A", "D"]
    orders = ["".join(str(TEXTS.index(option.text)) for option in problem.options) for problem in turned]
    assert orders == ["0123", "1230", "2301", "3012"]  # MathBench's ABCD, BCDA, CDAB, DABC
    for problem in turned:
        right = next(option for option in problem.options if option.label == problem.gold)
        assert right.text == "7"
        assert problem.golds[1:] == ("7",)
        assert problem.text.splitlines()[1:] == [
            f"{option.label}. {option.text}" for option in problem.options
        ]
    assert turned[0].text == built(options=list(TEXTS), answer="C").text


def test_what_can_not_be_turned_stays_one_problem() -> None:
    for problem in (built(answer="7"), built(options=list(TEXTS))):
        assert rotations(problem) == [problem]
        assert problem.group == problem.id


def test_of_several_right_options_each_is_turned() -> None:
    turned = rotations(built(options=list(TEXTS), answer="AC"))
    assert [problem.gold for problem in turned] == ["AC", "BD", "AC", "BD"]


def test_two_options_turn_twice() -> None:
    problem = Problem(
        id="p", text="", stem="?", gold="A", options=(Option("A", "yes"), Option("B", "no")), group="p"
    )
    assert [each.gold for each in rotations(problem)] == ["A", "B"]
