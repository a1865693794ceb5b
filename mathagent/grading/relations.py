"""Equations, inequalities and the sets they describe: 2x + y = 4 is y = 4 - 2x, and 1 < x <= 2 is (1, 2]."""

from __future__ import annotations

from typing import Any

import sympy
from math_verify.grader import And  # its parser's own: a chain of relations, not evaluated
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from mathagent.grading.numeric import constant_ratio, same_everywhere

_SAME_WAY = {sympy.Gt: sympy.Lt, sympy.Ge: sympy.Le}


def is_relation(value: Any) -> bool:
    """Whether sympy read an equation, an inequality, or a chain of them."""
    return isinstance(value, Relational) or (
        isinstance(value, And | sympy.And | sympy.Or) and all(is_relation(part) for part in _parts(value))
    )


def _parts(value: Any) -> list[Any]:
    return list(getattr(value, "_unsorted_args", value.args))


def same_relation(mine: Any, known: Any) -> bool:
    """Whether two relations hold for the same values of their variables; names of functions may differ."""
    if isinstance(mine, sympy.Eq) and isinstance(known, sympy.Eq):
        return _same_equation(mine, known)
    if _names(mine) != _names(known):
        return False
    simple = isinstance(mine, Relational) and isinstance(known, Relational)
    if simple and (equal := _same_inequality(mine, known)) is not None:
        return equal
    sets = as_set(mine), as_set(known)
    return sets[0] is not None and sets[1] is not None and same_set(*sets)


def _names(value: Any) -> set[str]:
    return {str(name) for name in value.free_symbols}


def _same_equation(mine: sympy.Eq, known: sympy.Eq) -> bool:
    if (
        _is_function(mine)
        and _is_function(known)
        and (mine.lhs == known.lhs or _y_and_f(mine.lhs, known.lhs))
    ):
        return _is_nought(mine.rhs - known.rhs)
    if _names(mine) != _names(known):
        return False
    return _proportional(mine.lhs - mine.rhs, known.lhs - known.rhs) is not None


def _is_function(equation: sympy.Eq) -> bool:
    return (
        isinstance(equation.lhs, sympy.Symbol | AppliedUndef)
        and equation.lhs not in equation.rhs.free_symbols
    )


def _y_and_f(one: Any, other: Any) -> bool:
    """Y = x^2 may be said for f(x) = x^2."""
    kinds = {isinstance(one, AppliedUndef), isinstance(other, AppliedUndef)}
    return kinds == {True, False} and "y" in (str(one), str(other))


def _is_nought(difference: Any) -> bool:
    try:
        if (equal := same_everywhere(difference, sympy.Integer(0))) is not None:
            return equal
        return bool(sympy.simplify(difference.doit()) == 0)
    except (TypeError, ValueError, AttributeError):
        return False


def _proportional(one: Any, other: Any) -> Any:
    """The number by which `one` is `other`; None where there is none."""
    one, other = one.doit(), other.doit()
    if one == 0 or other == 0:
        return sympy.Integer(1) if one == other else None
    if (ratio := constant_ratio(one, other)) is None:
        ratio = sympy.simplify(sympy.cancel(sympy.together(one / other)))
    return ratio if ratio.is_number and ratio.is_finite and ratio != 0 else None


def _same_inequality(mine: Relational, known: Relational) -> bool | None:
    """Compare `a < b` with `c > d` by factor; None where a factor says nothing."""
    one, one_kind = _lowered(mine)
    other, other_kind = _lowered(known)
    ratio = _proportional(one, other)
    if ratio is None:
        return None
    if one_kind is not other_kind:
        return False
    return True if one_kind in (sympy.Ne, sympy.Eq) else bool(ratio > 0) or None


def _lowered(relation: Relational) -> tuple[Any, type]:
    """The side that is below nought, and how."""
    kind = type(relation)
    difference = relation.lhs - relation.rhs
    return (-difference, _SAME_WAY[kind]) if kind in _SAME_WAY else (difference, kind)


def as_set(value: Any) -> Any:
    """The real numbers that a set, an interval or a relation in one variable describes; None for others."""
    try:
        if (
            isinstance(value, sympy.FiniteSet)
            and value.args
            and all(is_relation(part) for part in value.args)
        ):
            value = sympy.Or(*value.args) if len(_names(value)) == 1 else value
        if isinstance(value, sympy.Set):
            return value
        if isinstance(value, And | sympy.And):
            sets = [as_set(part) for part in _parts(value)]
            return None if None in sets or len(_names(value)) != 1 else sympy.Intersection(*sets)
        if isinstance(value, sympy.Or):
            sets = [as_set(part) for part in _parts(value)]
            return None if None in sets else sympy.Union(*sets)
        if isinstance(value, Relational) and len(value.free_symbols) == 1:
            (name,) = value.free_symbols
            real = sympy.Dummy(real=True)
            held = value.subs(name, real)
            return sympy.Reals if held == sympy.true else held.as_set()
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        return None
    return None


def same_set(one: Any, other: Any) -> bool:
    """Whether two sets of numbers are the same."""
    try:
        return bool(
            one == other or sympy.SymmetricDifference(one.doit(), other.doit()).doit() == sympy.S.EmptySet
        )
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        return False
