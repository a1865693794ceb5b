"""Exact values of a program's assignments: sums over numbers and earlier names, nothing else, and never `eval`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

_OPERATIONS: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def values(lines: Sequence[str]) -> dict[str, Fraction]:
    """The value of every name that the lines assign; lines that assign nothing are passed over.

    Raises ValueError for what is no sum, and ZeroDivisionError.
    """
    known: dict[str, Fraction] = {}
    for line in lines:
        name, equals, expression = line.partition(" = ")
        if equals:
            known[name] = _value(ast.parse(expression, mode="eval").body, known)
    return known


def _value(node: ast.expr, known: Mapping[str, Fraction]) -> Fraction:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_value(left, known), _value(right, known))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, known)
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return Fraction(str(number))
    raise ValueError(f"no sum: {ast.unparse(node)}")
