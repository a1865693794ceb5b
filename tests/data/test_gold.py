"""Answers as public sets write them."""

from __future__ import annotations

import pytest

from mathagent.data.gold import Extraction, answer_of, split_parts, worked_answer
from mathagent.data.problem import RowError


@pytest.mark.parametrize(
    ("how", "text", "answer"),
    [
        ("gsm8k", "Half is 9.\n<<18/2=9>>\n#### 18", "18"),
        ("gsm8k", "#### 1,234,567", "1234567"),
        ("gsm8k", "#### -1,000.50 ", "-1000.50"),
        ("gsm8k", "#### 12,34", "12,34"),
        ("gsm8k", "first\n#### 3\nno, better\n#### 4\n", "4"),
        ("gsm8k", "1,319", "1319"),
        ("boxed", r"so $\boxed{\frac{1}{\sqrt{2}}}$ and not \boxed{\}", r"\frac{1}{\sqrt{2}}"),
        ("boxed", r"\boxed{1} then \boxed{\left\{x \mid x>0\right\}}.", r"\left\{x \mid x>0\right\}"),
        ("boxed", r"hence \boxed 2", "2"),
        ("units", "9 (apples)", "9"),
        ("units", "-3.5 (degrees Celsius)", "-3.5"),
        ("units", "10:16 (o'clock)", "10:16"),
        ("units", "(3, 4)", "(3, 4)"),
        ("plain", r"a \boxed{b}", r"a \boxed{b}"),
        ("auto", "#### 7", "7"),
        ("auto", r"\boxed{204}", "204"),
        ("auto", "x = 4", "x = 4"),
        ("auto", "C#### is no answer", "C#### is no answer"),
        ("none", "anything", None),
    ],
)
def test_the_answer_is_taken_out(how: Extraction, text: str, answer: str | None) -> None:
    assert answer_of(text, how, "answer") == (answer, ())


@pytest.mark.parametrize(
    ("how", "text", "parts"),
    [
        ("cloze", "0;3", ("0", "3")),
        ("cloze", r"1；$\frac{8}{9}$", ("1", r"$\frac{8}{9}$")),
        ("cloze", "[1; 2];(3; 4)", ("[1; 2]", "(3; 4)")),
        ("units", "5 (red); 3 (blue)", ("5", "3")),
    ],
)
def test_several_answers_are_parts(how: Extraction, text: str, parts: tuple[str, ...]) -> None:
    assert answer_of(text, how, "answer") == ("; ".join(parts), parts)


def test_one_part_is_an_answer_without_parts() -> None:
    assert answer_of("7;", "cloze", "answer") == ("7", ())
    assert answer_of(";", "cloze", "answer") == (None, ())


def test_brackets_that_never_open_or_close_do_no_harm() -> None:
    assert split_parts("a);b;(c;d") == ["a)", "b", "(c;d"]


@pytest.mark.parametrize(
    ("how", "text", "said"),
    [
        ("gsm8k", "The answer is 18.", "column answer: no line '#### answer' in 'The answer is 18.'"),
        ("boxed", r"\boxed{1", r"column answer: no \boxed{} in '\\boxed{1'"),
    ],
)
def test_an_answer_in_another_form_is_an_error(how: Extraction, text: str, said: str) -> None:
    with pytest.raises(RowError) as caught:
        answer_of(text, how, "answer")
    assert str(caught.value) == said


def test_a_solution_without_an_answer_has_none() -> None:
    assert worked_answer("left to the reader") is None
