"""Whether the code of a solution mattered: by what came out of it and where it was used."""

from __future__ import annotations

import pytest

from mathagent.examples.mattered import code_mattered
from tests.examples.made import RIGHT, solution


@pytest.mark.parametrize(
    "pieces",
    [
        RIGHT,
        ("", "print(6 * 7)", "42", "So it is \\boxed{42.0}."),
        ("", "print(6 * 700)", "4200", "It is $4,200$, so \\boxed{4{,}200}."),
        ("", "print(20 / 6)", "3.3333333333333335", "So about \\boxed{3.33}."),
        ("", "x = 6 * 7\nx", "42", "", "print(42 - 2)", "40", "Hence \\boxed{5}."),  # taken up by code
        ("", "print(1)", "1", "And then.\n", "print(6 * 7)", "42", "So \\boxed{42}."),  # the second one
        ("", "simplify(e)", "sqrt(3)/2", "So it is $\\boxed{\\frac{\\sqrt{3}}{2}}$."),
        ("", "expand((x-1)*(x+1))", "x**2 - 1", "It is \\boxed{x^2-1}."),
        ("", "isprime(97)", "True", "Yes: \\boxed{True}."),
        ("", "names()", "first\nTuesday", "The day is \\boxed{\\text{Tuesday}}."),
    ],
)
def test_it_mattered(pieces: tuple[str, ...]) -> None:
    assert code_mattered(solution(*pieces))


@pytest.mark.parametrize(
    "pieces",
    [
        ("It is 6 * 7 = 42, so \\boxed{42}.",),  # no code
        ("It is 42.\n", "print(6 * 7)", "42", "So \\boxed{42}."),  # known before
        ("", "print(42)", "42", "So \\boxed{42}."),  # written into the code
        ("", "print(6 * 7)", "42", "I think that it is \\boxed{48}."),  # passed over
        ("", "print(6)", "6", "6 * 7 is \\boxed{42}."),  # stands in the problem
        ("Six times seven is forty-two.\n", "print(6 * 7)", "42", "So \\boxed{42}."),  # known, in words
        ("", "1 / 0", "ZeroDivisionError: division by zero", "So \\boxed{42}."),
        ("", "pass", "", "So \\boxed{42}."),
        ("It is x**2 - 1.\n", "expand(e)", "x**2 - 1", "It is \\boxed{x^2-1}."),
        ("", "isprime(97)", "True", "It is \\boxed{False}."),
    ],
)
def test_it_did_not(pieces: tuple[str, ...]) -> None:
    assert not code_mattered(solution(*pieces))
