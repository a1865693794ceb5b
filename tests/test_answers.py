"""Finding the boxed answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.answers import boxed, final_answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\boxed{72}", ["72"]),
        (r"so $\boxed{ 72 }$.", ["72"]),
        (r"\boxed{\frac{1}{2}}", [r"\frac{1}{2}"]),
        (r"\boxed{\left\{1, 2\right\}}", [r"\left\{1, 2\right\}"]),
        (r"\boxed{1} then \boxed{2}", ["1", "2"]),
        (r"\boxed{\boxed{3}}", [r"\boxed{3}"]),
        (r"\boxed 7", ["7"]),
        (r"\boxed -12.5.", ["-12.5"]),
        (r"\fbox{x}", ["x"]),
        (r"\boxed{}", []),
        (r"\boxed{never closed", []),
        (r"\boxed{1} \boxed{2", ["1"]),
        (r"\boxedly{1}", []),
        (r"\boxed{\text{a } b}", [r"\text{a } b"]),
        (r"\boxed{\begin{pmatrix}1&2\\3&4\end{pmatrix}}", [r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"]),
        ("\\boxed", []),
        ("nothing", []),
    ],
)
def test_boxes(text: str, expected: list[str]) -> None:
    assert boxed(text) == expected


def test_the_last_box_of_the_final_text_wins() -> None:
    assert final_answer([r"\boxed{1}", r"first \boxed{2}, no, \boxed{3}"]) == "3"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"$\boxed{2}$ and $\boxed{3}$", "2, 3"),
        (r"\boxed{1}, \boxed{2}, or \boxed{3}.", "1, 2, 3"),
        (r"\boxed{1}. No: \boxed{2} or \boxed{3}", "2, 3"),
        (r"\boxed{1} then \boxed{2}", "2"),
        (r"\boxed{1} \boxed{2}", "2"),
    ],
)
def test_boxes_in_a_row_are_one_answer(text: str, expected: str) -> None:
    assert final_answer([text]) == expected


def test_an_earlier_box_serves_where_the_final_text_has_none() -> None:
    assert final_answer([r"\boxed{1}", "that is right"]) == "1"
    assert final_answer(["", "words"]) is None


@given(st.text(alphabet="\\boxed{} 1f", max_size=60))
def test_no_text_raises(text: str) -> None:
    for box in boxed(text):
        assert box
        assert box in text
