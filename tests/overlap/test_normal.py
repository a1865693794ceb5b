"""What two texts have in common: numbers by value, LaTeX made plain, names left out; and near-duplicates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.overlap import NearDuplicates, normal
from mathagent.overlap.latex import plain
from mathagent.overlap.numbers import numbers_in


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,250 and 1250.0 and 1 250", ["1250", "1250", "1250"]),
        ("one thousand two hundred and fifty", ["1250"]),
        ("twenty-four boxes, two hundred thousand pens", ["24", "200000"]),
        ("a hundred and five", ["105"]),
        ("five six", ["5", "6"]),
        ("007 of .5 and 0.50", ["7", "0.5", "0.5"]),
        ("3.14.15", ["3.14", "15"]),
        ("everyone, someone, tension", []),
        ("1,2,3", ["1", "2", "3"]),
        ("three million and two", ["3000002"]),
    ],
)
def test_numbers(text: str, numbers: list[str]) -> None:
    assert list(numbers_in(text)) == numbers


@pytest.mark.parametrize(
    ("latex", "other"),
    [
        ("$\\frac{1}{2}$", "1/2"),
        ("\\dfrac{x+1}{\\sqrt{2}}", "(x+1)/√2"),
        ("$2 \\cdot 3$", "2×3"),
        ("x^{2}", "x²"),
        ("\\left( a \\right)", "(a)"),
        ("50\\%", "50%"),
        ("$12\\,000$", "12000"),
        ("\\text{cost}", "cost"),
        ("a \\leq b", "a ≤ b"),
    ],
)
def test_latex(latex: str, other: str) -> None:
    assert normal(latex).tokens == normal(other).tokens


def test_names_and_small_words_are_left_out() -> None:
    one, other = (
        normal("Anna gave Bert 5 of her red apples."),
        normal("Then Zoe gave Xaver 5 of his red apples!"),
    )
    assert one.words == other.words == {"gave", "red", "apple"}
    assert one.numbers == other.numbers == ("5",)


@given(st.text())
def test_any_text_can_be_reduced(text: str) -> None:
    plain(text)
    assert normal(text).numbers == tuple(sorted(set(normal(text).numbers)))


def test_near_duplicates() -> None:
    kept = NearDuplicates()
    text = (
        "A farmer has 12 cows and buys 7 more at the market on a rainy day. How many cows has the farmer now?"
    )
    assert kept.add("a", text) is None
    assert kept.add("b", text.replace("a rainy", "a sunny")) == "a"
    assert kept.add("c", text.replace("12", "13")) is None  # other numbers: another problem
    assert kept.add("d", "12 and 7 are the sides of a rectangle. Find its area.") is None
    assert len(kept) == 3


@given(st.text())
def test_any_text_can_be_kept(text: str) -> None:
    kept = NearDuplicates()
    assert kept.add("a", text) is None
    assert kept.add("b", text) == "a"
