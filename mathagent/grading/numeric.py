"""Two sympy expressions as numbers: at all, or at points for their variables. Exact where they are rational."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy

from mathagent.grading.quantity import Quantity, read_quantity, same_number

_DIGITS = 50  # significant digits in which numbers are compared; equal to 30 of them counts as equal
_AGREE = sympy.Float("1e-30", _DIGITS)
# Where expressions are compared: no special values, both signs, and whole numbers for n! and the like.
_POINTS = ("1.3717", "0.2893", "2.6391", "-1.7473", "-0.6157", "3", "5")
_ENOUGH = 3  # points at which both have a value


def same_value(mine: Any, known: Any, answer: str, gold: str) -> bool | None:
    """Decide between two numbers, however they are written; None where one is no number."""
    one, other = _number(mine), _number(known)
    if one is None or other is None:
        return None
    exact = [_rational(value) for value in (mine, known)]
    if exact[0] is not None and exact[1] is not None:
        return bool(exact[0] == exact[1])
    if _agree(one, other):
        return True
    quantities = [read_quantity(text) for text in (answer, gold)]
    if one.is_real and other.is_real and quantities.count(None) == 1:
        read = [
            quantity or Quantity(_fraction(number))
            for quantity, number in zip(quantities, (one, other), strict=True)
        ]
        return same_number(read[0], read[1])
    if mine.has(sympy.Float) or known.has(sympy.Float):
        return bool(abs(one - other) <= sympy.Float("1e-9") * max(abs(one), abs(other)))
    return False


def _agree(one: Any, other: Any) -> bool:
    return bool(abs(one - other) <= _AGREE * max(abs(one), abs(other)))


def _number(value: Any) -> Any:
    if not isinstance(value, sympy.Expr) or value.free_symbols:
        return None
    number = value.evalf(_DIGITS)
    return number if number.is_number and number.is_finite and not number.atoms(sympy.Function) else None


def _rational(value: Any) -> Any:
    """An exact rational value without decimals; None for others."""
    if value.has(sympy.Float) or value.has(sympy.Function):
        return None
    exact = value.doit()
    return exact if exact.is_Rational else None


def _fraction(number: Any) -> Fraction:
    exact = sympy.Rational(number)
    return Fraction(int(exact.p), int(exact.q))


def same_everywhere(mine: Any, known: Any) -> bool | None:
    """Compare two expressions at several values of their variables; None where too few of the values are numbers.

    Real expressions are compared where both are real: log(x^2) is 2 log(x) where both exist.
    """
    agreed = 0
    mine, known = _summed(mine), _summed(known)
    for one, other in _samples(mine, known):
        if not _agree(one, other) and abs(one - other) > _AGREE and not _close(one, other, mine, known):
            return False
        agreed += 1
    return True if agreed >= _ENOUGH else None


def _summed(expression: Any) -> Any:
    """Sums and integrals worked out once, before values are put in."""
    return expression.doit() if expression.has(sympy.Sum, sympy.Product, sympy.Integral) else expression


def constant_ratio(mine: Any, known: Any) -> Any:
    """By which number `mine` is `known` wherever both have a value; 0 where by none; None where too few values tell."""
    ratio, agreed = None, 0
    for one, other in _samples(mine, known):
        if one == 0 or other == 0:
            if one != other:
                return sympy.Integer(0)
            continue
        if (
            ratio is not None
            and not _agree(one / other, ratio)
            and not _close(one / other, ratio, mine, known)
        ):
            return sympy.Integer(0)
        ratio, agreed = one / other, agreed + 1
    return ratio if agreed >= _ENOUGH else None


def _samples(mine: Any, known: Any) -> Iterator[tuple[Any, Any]]:
    """The values of both at several points, where both have one."""
    names = sorted(mine.free_symbols | known.free_symbols, key=str)
    complex_valued = mine.has(sympy.I) or known.has(sympy.I)
    for turn in range(len(_POINTS) if names else 0):
        values = {
            name: sympy.Float(_POINTS[(turn + 2 * at) % len(_POINTS)], _DIGITS) + at
            for at, name in enumerate(names)
        }
        if turn >= len(_POINTS) - 2:
            values = {name: sympy.Integer(int(_POINTS[turn]) + 2 * at) for at, name in enumerate(names)}
        one, other = (_at(expression, values) for expression in (mine, known))
        if one is not None and other is not None and (complex_valued or (one.is_real and other.is_real)):
            yield one, other


def _close(one: Any, other: Any, mine: Any, known: Any) -> bool:
    """Decimal coefficients are as good as their digits."""
    if not (mine.has(sympy.Float) or known.has(sympy.Float)):
        return False
    return bool(abs(one - other) <= sympy.Float("1e-9") * max(abs(one), abs(other)))


def _at(expression: Any, values: dict[Any, Any]) -> Any:
    try:
        number = expression.subs(values).doit().evalf(_DIGITS)
    except (TypeError, ValueError, ArithmeticError, NotImplementedError, AttributeError, RecursionError):
        return None
    if not getattr(number, "is_number", False) or number.is_finite is False or number.atoms(sympy.Function):
        return None
    return number if number.is_comparable or number.is_complex else None
