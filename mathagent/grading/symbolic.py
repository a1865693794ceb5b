"""Algebra on two single expressions: read by Math-Verify's LaTeX parser, compared exactly, numerically or by it.

Runs in the grading process only: sympy may take forever, or more memory than there is, and is stopped from outside.
"""

from __future__ import annotations

import re
from typing import Any

import sympy
from math_verify import LatexExtractionConfig, parse, verify
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from mathagent.grading.compare import Outcome
from mathagent.grading.quantity import Quantity, read_quantity, same_number

_DIGITS = 50  # significant digits in which numbers are compared; equal to 30 of them counts as equal
_AGREE = sympy.Float("1e-30", _DIGITS)
_FUNCTIONS = re.compile(
    r"(?<![\\a-zA-Z])(sqrt|sin|cos|tan|cot|sec|csc|log|ln|exp|arcsin|arccos|arctan|pi|infty)(?![a-z])"
)


def algebra(answer: str, gold: str) -> Outcome:
    """Compare two cleaned texts that are each one expression, relation, set or matrix."""
    mine, known = _read(answer), _read(gold)
    if known is None or mine is None:
        which = "the known answer" if known is None else "the answer"
        return Outcome(False, f"{which} is not read as mathematics, and the texts differ")
    detail = f"answer {_show(mine)}, known {_show(known)}"
    if (equal := _same_value(mine, known, answer, gold)) is not None:
        return Outcome(equal, detail)
    if _is_unsolved(mine) and not isinstance(known, Relational):
        return Outcome(False, detail)
    # Time is limited by the deadline of this process: Math-Verify's own limits are signals.
    return Outcome(bool(verify(known, mine, allow_set_relation_comp=True, timeout_seconds=None)), detail)


def _read(text: str) -> Any:
    """A sympy object, or None."""
    config = [LatexExtractionConfig(boxed_match_priority=-1)]
    found = parse(f"${_to_latex(text)}$", config, fallback_mode="no_fallback", parsing_timeout=None)
    return found[0] if found else None


def _to_latex(text: str) -> str:
    """Plain notation (2*sqrt(3), x**2) in LaTeX; angles in degrees under a function in radians."""
    text = text.replace("$", " ").replace("**", "^").replace("*", r" \cdot ")
    text = re.sub(r"(?<![\\a-zA-Z])sqrt\s*\(([^()]*)\)", r"\\sqrt{\1}", text)
    text = _FUNCTIONS.sub(r"\\\1 ", text)
    text = re.sub(r"\^\(([^()]*)\)", r"^{\1}", text)
    text = text.replace("<=", r"\le ").replace(">=", r"\ge ").replace("!=", r"\ne ")
    if re.search(r"\\(?:sin|cos|tan|cot|sec|csc)", text):
        text = re.sub(r"(\d+(?:\.\d+)?)\s*\^\s*\\circ", r"{\\frac{\1 \\pi}{180}}", text)
    return text


def _same_value(mine: Any, known: Any, answer: str, gold: str) -> bool | None:
    """Decide between two numbers, however they are written; None where one is no number."""
    one, other = _number(mine), _number(known)
    if one is None or other is None:
        return None
    difference = abs(one - other)
    if bool(difference <= _AGREE * max(abs(one), abs(other))):
        return True
    decimals = [quantity for text in (answer, gold) if (quantity := read_quantity(text)) is not None]
    if len(decimals) == 1 and one.is_real and other.is_real:
        exact = other if read_quantity(answer) is not None else one
        return same_number(decimals[0], Quantity(_fraction(exact)))
    if mine.has(sympy.Float) or known.has(sympy.Float):
        return bool(difference <= sympy.Float("1e-9") * max(abs(one), abs(other)))
    return False


def _is_unsolved(value: Any) -> bool:
    """An equation such as (x+y)^2 = 81, which names no value; x = 9, f(x) = 2x and 3+4 = 7 do."""
    if not isinstance(value, sympy.Eq):
        return False
    left = value.lhs
    return bool(left.free_symbols) and not (left.is_Symbol or isinstance(left, AppliedUndef))


def _number(value: Any) -> Any:
    if not isinstance(value, sympy.Expr) or value.free_symbols:
        return None
    number = value.evalf(_DIGITS)
    return number if number.is_number and number.is_finite and not number.atoms(sympy.Function) else None


def _fraction(number: Any) -> Any:
    from fractions import Fraction

    exact = sympy.Rational(number)
    return Fraction(int(exact.p), int(exact.q))


def _show(value: Any) -> str:
    text = " ".join(sympy.sstr(value, full_prec=False).split())
    return text if len(text) <= 100 else text[:99] + "…"
