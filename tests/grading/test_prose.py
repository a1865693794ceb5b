"""What a sentence states, and that a text which states nothing is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.grading.prose import stated


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The answer is 5", "5"),
        ("Some thought. The final answer is $\\frac{1}{2}$. I hope it is correct.", "\\frac{1}{2}"),
        ("**Answer:** 3", "3"),
        ("work\n#### 18", "18"),
        ("First \\boxed{2}, no: \\boxed{3}.", "3"),
        ("so \\boxed{2} and \\boxed{3}", "2, 3"),
        ("The solutions are $x=2$ and $x=3$.", "x=2, x=3"),
        ("Therefore, he runs 540 meters a week.", "540 meters a week"),
        ("It makes 12 apples.", "12 apples."),
        ("答案是5", "5"),
        ("故选：B", "B"),
        ("一共35人", "35人"),
        ("所以概率为$\\frac{1}{3}$。", "\\frac{1}{3}"),
    ],
)
def test_stated(text: str, said: str) -> None:
    assert stated(text) == said


@pytest.mark.parametrize(
    "text",
    ["5", "x^2+1", "5 cm", "5 square inches", "2 and 3", "\\text{no solution}", "\\boxed{5}", "(1,2)", "east", "x is y",
     "the answer is not 5", "There is no answer", "12 red and 13 blue apples lay there"],
)  # fmt: skip
def test_nothing_is_stated(text: str) -> None:
    assert stated(text) is None


@given(st.text(alphabet="$\\{}()answer is:.,5x\n#*答案是", max_size=120))
def test_no_text_raises(text: str) -> None:
    said = stated(text)
    assert said is None or len(said) <= len(text) + 10 * text.count("$") + 10
