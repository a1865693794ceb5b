"""LaTeX in a terminal: readable, never another formula than was meant, never an exception."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathagent.views.latex import plain_math, readable


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        (r"\frac{1}{2}", "1/2"),
        (r"\frac12", "1/2"),
        (r"-\dfrac{3}{4}", "-3/4"),
        (r"\frac{a+b}{c}", "(a+b)/c"),
        (r"\frac{x}{2a}", "x/(2a)"),
        (r"\frac{3}{x^2}", "3/(x²)"),
        (r"\frac{\frac{1}{2}}{3}", "(1/2)/3"),
        (r"2\frac{1}{3}", "2 1/3"),
        (r"\frac{1}{2}x", "1/2 x"),
        (r"(\frac12,\frac13)", "(1/2,1/3)"),
        (r"\frac{\sqrt{3}}{2}", "√3/2"),
        (r"\frac{1}{\sqrt{2}}", "1/√2"),
        (r"2\sqrt{3}", "2√3"),
        (r"\sqrt{2}x", "√2 x"),
        (r"\sqrt{x+1}", "√(x+1)"),
        (r"\sqrt[3]{x}", "∛x"),
        (r"\sqrt[5]{32}", "⁵√32"),
        (r"x^2+y_1", "x²+y₁"),
        (r"x^{10}", "x¹⁰"),
        (r"10^{-3}", "10⁻³"),
        (r"e^{i\pi}", "e^(iπ)"),
        (r"2^{\frac{1}{2}}", "2^(1/2)"),
        (r"90^\circ", "90°"),
        (r"\binom{5}{2}", "C(5, 2)"),
        (r"\dbinom42", "C(4, 2)"),
        (r"\pi r^2", "πr²"),
        (r"\{1, 2\}", "{1, 2}"),
        (r"\left(1, \frac{\pi}{2}\right]", "(1, π/2]"),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", "[ 1 2; 3 4 ]"),
        (r"\text{Monday}", "Monday"),
        (r"5\%", "5%"),
        (r"1{,}000", "1,000"),
        (r"\mathbb{R}", "ℝ"),
        (r"a \ne b", "a ≠b"),
        (r"\gcd(a,b)", "gcd(a,b)"),
        (r"\operatorname{lcm}(4,6)", "lcm(4,6)"),
        (r"a \equiv 3 \pmod{7}", "a ≡3 mod 7"),
        (r"\lim_{x\to 0} f", "lim_(x→0) f"),
        (r"\sum_{i=1}^{n} i", "∑ᵢ₌₁ⁿ i"),
        (r"\triangle ABC", "△ABC"),
        (r"\boxed{7}", "7"),
        (r"\foo{x}", r"\foo x"),  # what is not known stays to be seen
        ("plain words", "plain words"),
        ("", ""),
    ],
)
def test_formulas(latex: str, plain: str) -> None:
    assert plain_math(latex) == plain


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        (r"So $\boxed{\frac{1}{2}}$.", "So 1/2."),
        (r"\boxed{\frac{1}{\sqrt{2}}}", "1/√2"),
        (r"is \boxed{\{1,2\}}", "is {1,2}"),
        ("It costs $5 and then $6.", "It costs $5 and then $6."),
        ("She has $20. He has $30.", "She has $20. He has $30."),
        (r"\$5 and \$6", r"\$5 and \$6"),
        (r"\[ x = \frac{1}{2} \] and \(y^2\)", "x = 1/2 and y²"),
        ("$$a\n+b$$", "a  \n+b"),
        ("a*b*c $a*b*c$", r"a*b*c a\*b\*c"),
        ("$x_1$ and $x_2$", "x₁ and x₂"),
        (r"\begin{align*} a &= b \\ c &= d \end{align*}", "a = b  \nc = d"),
        ("no formula", "no formula"),
        ("an open $x", "an open $x"),
        (r"an open \boxed{x", r"an open \boxed{x"),
    ],
)
def test_markdown_with_formulas(markdown: str, shown: str) -> None:
    assert readable(markdown) == shown


SIGNS = list("$\\{}[]()^_&x \n%#~é\ud800\x00")
MACROS = [
    "$$",
    "\\\\",
    "\\frac",
    "\\sqrt",
    "\\boxed",
    "\\[",
    "\\]",
    "\\left",
    "\\right",
    "\\text",
    "\\foo",
    "12",
]
PIECES = st.sampled_from([*SIGNS, *MACROS, "\\begin{align}", "\\end{align}"])


@given(text=st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=60))
@settings(max_examples=400, deadline=None)
def test_no_text_raises(text: str) -> None:
    assert isinstance(readable(text), str)
    assert isinstance(plain_math(text), str)


@given(text=st.text(alphabet="abc 123.,\n"))
def test_prose_is_left_alone(text: str) -> None:
    assert readable(text) == text


@pytest.mark.parametrize(
    "piece", ["$", "\\boxed{", "{", "\\[", "\\frac{", "^{", "\\begin{align}", "\\sqrt[", "a^b_", "$x"]
)
def test_long_nonsense_ends(piece: str) -> None:
    """As much of it as a model could write in one reply, in bounded time."""
    began = time.process_time()
    readable(piece * (16_000 // len(piece)))
    plain_math(piece * (16_000 // len(piece)))
    assert time.process_time() - began < 15
