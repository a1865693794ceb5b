"""Tables of answers: equivalent and not. Each row is (answer, known answer)."""

from __future__ import annotations

import asyncio

import pytest

from mathagent.grading import Grade, Grader

EQUAL = [
    # numbers
    ("72", "72"),
    ("72", "72.0"),
    ("72.00", "72"),
    ("072", "72"),
    ("+5", "5"),
    ("-3", "−3"),
    ("- 3", "-3"),
    (r"\frac{1}{2}", "0.5"),
    ("1/2", r"\dfrac{1}{2}"),
    (r"\frac12", "0.5"),
    (r"-\frac{3}{4}", "-0.75"),
    (r"\frac{-3}{4}", r"-\frac{3}{4}"),
    ("2/4", "1/2"),
    ("1 1/2", "1.5"),
    (r"1\frac{1}{2}", r"\frac{3}{2}"),
    ("1,000", "1000"),
    ("1{,}000{,}000", "1000000"),
    (r"1,\!000", "1000"),
    ("1 000", "1000"),
    (r"12\,345", "12345"),
    ("1.2e3", "1200"),
    (r"1.2 \times 10^{-3}", "0.0012"),
    ("3*10^5", "300000"),
    (r"0.\overline{3}", r"\frac{1}{3}"),
    ("0.333333", r"\frac{1}{3}"),
    ("0.666667", "2/3"),
    ("17.999999999999996", "18"),
    ("0.30000000000000004", "0.3"),
    ("3.1415926536", r"\pi"),
    # currency, percent, units, names
    ("$72", "72"),
    (r"\$72", "72"),
    (r"\$1,234.50", "1234.5"),
    ("72 dollars", "$72"),
    ("€5", "5"),
    ("50 cents", "$0.50"),
    ("50%", "50"),
    (r"50\%", "50"),
    ("50%", "0.5"),
    ("50 percent", r"50\%"),
    (r"\frac{1}{4}", "25%"),
    ("72 clips", "72"),
    ("10{liters}", "10"),
    ("50.0{mph}", "50"),
    ("144{m}^3", "144"),
    (r"72\text{ clips}", "72"),
    (r"5 \text{ cm}^2", "5"),
    ("5 cm", r"5\text{ centimeters}"),
    ("2 hours", "120 minutes"),
    (r"30^\circ", "30"),
    ("30 degrees", r"30^{\circ}"),
    ("3 million", "3000000"),
    ("x = 5", "5"),
    ("5", "x=5"),
    (r"\boxed{5}", "5"),
    ("$5$", "5"),
    (r"\(5\)", "5"),
    ("**5**", "5"),
    ("5.", "5"),
    # words, choices, times, ratios
    ("Monday", r"\text{Monday}"),
    ("monday.", "Monday"),
    (r"\textbf{Yes}", "yes"),
    ("the red car", "Red car"),
    ("B", r"\text{(B)}"),
    ("(B)", "B"),
    ("B) 12", "B"),
    ("b)", "B"),
    ("Option C", "C"),
    (r"\textbf{(D)} 4", "D"),
    ("12:30", r"12:30 \text{ p.m.}"),
    ("1:2", "2:4"),
    ("1:2", "1/2"),
    # lists, sets, tuples, intervals
    ("2, 3", "3,2"),
    ("2 and 3", "2, 3"),
    (r"2 \text{ or } 3", "3, 2"),
    (r"\{1, 2\}", r"\{2,1\}"),
    ("1,2", r"\{1,2\}"),
    ("(1, 2)", "(1,2)"),
    (r"\left(1,\frac12\right)", "(1, 0.5)"),
    ("1, 2", "(1,2)"),
    ("x=1, y=2", "(1,2)"),
    ("y=2, x=1", "x=1,y=2"),
    (r"x=2 \text{ or } x=3", "2,3"),
    (r"\pm 2", "2, -2"),
    (r"1 \pm \sqrt{2}", r"1+\sqrt2, 1-\sqrt2"),
    (r"[0, \infty)", r"[0,\infty)"),
    (r"(-\infty,0)\cup(1,2]", r"(1,2]\cup(-\infty,0)"),
    (r"\{5\}", "5"),
    (r"x \in [1,2)", "[1,2)"),
    # algebra
    ("x+1", "1+x"),
    ("(x+1)^2", "x^2+2x+1"),
    ("2*x**2", "2x^2"),
    (r"\frac{\sqrt{3}}{2}", "sqrt(3)/2"),
    (r"\sqrt{8}", r"2\sqrt{2}"),
    (r"\frac{1}{\sqrt2}", r"\frac{\sqrt{2}}{2}"),
    ("2π", r"2\pi"),
    ("√2", r"\sqrt{2}"),
    (r"\log_2 8", "3"),
    (r"\binom{5}{2}", "10"),
    ("5!", "120"),
    (r"\sin 30^\circ", r"\frac12"),
    ("2^{10}", "1024"),
    (r"10\sqrt{3}\text{ cm}", r"10\sqrt{3}"),
    ("y=2x+1", "2x+1"),
    ("f(x)=2x", "2x"),
    ("3+4=7", "7"),
    (r"x \le 3", r"3 \ge x"),
    ("x^2", "x²"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1.0\\2\end{pmatrix}"),
    ("3+4i", "4i+3"),
    ("e^{2}", r"e\cdot e"),
]

DIFFERENT = [
    ("", "72"),
    ("71", "72"),
    ("(x+y)^2=81", "81"),
    ("\x1b[31m72\x1b[0m", "72"),
    ("-72", "72"),
    ("7.2", "72"),
    ("720", "72"),
    ("1000001", "1000000"),
    ("0.33", "1/3"),
    ("3.14", r"\pi"),
    ("0.0000001", "0.0000002"),
    ("1000000000.5", "1000000000"),
    ("1/3", "0.3"),
    ("2/3", "3/2"),
    ("1,000", "1"),
    ("1,200", "1.2"),
    ("12,34", "1234"),
    ("1 1/2", "11/2"),
    ("1.5e3", "1.5"),
    # known false equalities of other graders
    (r"\frac{1}{2004!}", r"\frac{1}{2006!}"),
    ("n=2,3,4", "n=1,2,3"),
    ("(0,1)", "(0,1.5)"),
    (r"\pm 2021", "2021"),
    ("2021", r"\pm 2021"),
    ("12:00", "1:00"),
    ("0.5", "50"),
    ("5000%", "0.5"),
    ("50", "0.5"),
    ("100", "1"),
    ("evil", "live"),
    ("50%", "5"),
    ("3 thousand", "3"),
    ("2 dozen", "2"),
    ("5 cm", "5 m"),
    ("3 apples", "3 oranges"),
    ("2x", "2"),
    ("3i", "3"),
    ("5 cents", "$5"),
    ("x=5", "y=5"),
    ("3 am", "banana"),
    ("Monday", "Tuesday"),
    ("yes", "no"),
    ("banana", "72"),
    ("A", "B"),
    ("(C)", "D"),
    ("12", "B"),
    ("1:2", "2:1"),
    ("12:30 am", "12:30 pm"),
    ("(1,2)", "(2,1)"),
    ("[1,2]", "(1,2)"),
    ("[1,2)", "[1,2]"),
    ("1,2", "1,2,3"),
    ("1,1,2", "1,2,2"),
    (r"\{1,2\}", "(1,2)"),
    ("5", "5, 6"),
    ("5, 6", "5"),
    ("x=1,y=2", "x=2,y=1"),
    (r"(1,2]\cup(3,4)", r"(1,2)\cup(3,4)"),
    (r"[0,\infty)", r"(0,\infty)"),
    ("x+1", "x-1"),
    ("x^2", "2x"),
    (r"\sqrt{2}", "2"),
    (r"2\sqrt{3}", r"3\sqrt{2}"),
    (r"x<3", r"x \le 3"),
    (r"x>3", "x<3"),
    ("2x+1", "2y+1"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}2\\1\end{pmatrix}"),
    ("3+4i", "3-4i"),
    (r"\infty", "5"),
    (r"-\infty", r"\infty"),
    (r"\emptyset", "0"),
    ("e", "2.7"),
    (r"10^{-30}", r"2\cdot 10^{-30}"),
    (r"\sin 30", r"\frac12"),
    ("I don't know", "7"),
    (r"\text{none}", r"\{1\}"),
    ("abc", "72"),
]


UNLIKE_ALL = "987654"
Grades = dict[tuple[str, str], Grade]


@pytest.fixture(scope="module")
def grades() -> Grades:
    """All rows graded by one grader, whose process starts once."""
    rows = [*EQUAL, *DIFFERENT, *((UNLIKE_ALL, gold) for _, gold in EQUAL)]

    async def grade_all() -> list[Grade]:
        async with Grader() as grader:
            return [await grader.grade(*row, timeout=20) for row in rows]

    return dict(zip(rows, asyncio.run(grade_all()), strict=True))


@pytest.mark.parametrize("row", EQUAL)
def test_equivalent(grades: Grades, row: tuple[str, str]) -> None:
    assert grades[row].verdict == "correct", grades[row].detail


@pytest.mark.parametrize("row", DIFFERENT)
def test_different(grades: Grades, row: tuple[str, str]) -> None:
    assert grades[row].verdict == "wrong", grades[row].detail
    assert grades[row].detail


@pytest.mark.parametrize("row", EQUAL)
def test_not_everything_is_equal(grades: Grades, row: tuple[str, str]) -> None:
    grade = grades[UNLIKE_ALL, row[1]]
    assert grade.verdict == "wrong", grade.detail


def test_there_are_enough() -> None:
    assert len(EQUAL) >= 60
    assert len(DIFFERENT) >= 60
    assert len(set(EQUAL)) + len(set(DIFFERENT)) == len(EQUAL) + len(DIFFERENT)
