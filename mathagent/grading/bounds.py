"""Limits on what is given to the comparison at all: text this large is no answer, and would only burn time."""

from __future__ import annotations

import re

MAX_CHARS = 2_000
MAX_NESTING = 40  # brackets within brackets; parsers recurse
MAX_DIGITS = 1_000  # in one number
MAX_EXPONENT = 10_000  # a literal exponent; 2^2024 is a usual answer, 9^(10^9) never ends
MAX_FACTORIAL = 5_000

_EXPONENT = re.compile(r"(?:\*\*|\^)\s*[({]?\s*[-+]?\s*(\d+)")
# A power in an exponent: 9^9^9, 9^{9^9}, 9**(9**9). Exponents with variables or roots are let pass.
_TOWER = re.compile(r"(?:\*\*|\^)\s*[({]?\s*[-+]?\s*\d+\s*[)}]?\s*(?:\*\*|\^)\s*[({]?\s*[-+]?\s*(\d+)")
_FACTORIAL = re.compile(r"(\d+)\s*[)}]?\s*!")
_CHOOSE = re.compile(r"\\[dt]?binom\s*\{\s*(\d+)")


def find_excess(text: str) -> str | None:
    """Say in a few words which limit a text exceeds; None if it exceeds none."""
    if len(text) > MAX_CHARS:
        return f"{len(text)} characters, more than {MAX_CHARS}"
    depth = deepest = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        return f"brackets nested {deepest} deep, more than {MAX_NESTING}"
    if re.search(rf"\d{{{MAX_DIGITS + 1}}}", text):
        return f"a number of more than {MAX_DIGITS} digits"
    return _find_explosion(text)


def _find_explosion(text: str) -> str | None:
    for kind, pattern, most in (
        ("an exponent", _EXPONENT, MAX_EXPONENT),
        ("a factorial", _FACTORIAL, MAX_FACTORIAL),
        ("a binomial", _CHOOSE, MAX_FACTORIAL),
    ):
        for found in pattern.finditer(text):
            if len(found[1]) > 9 or int(found[1]) > most:
                return f"{kind} of {found[1][:12]}, more than {most}"
    for found in _TOWER.finditer(text):
        if len(found[1]) > 1 or int(found[1]) > 4:
            return "a tower of powers"
    if re.search(r"!\s*\)*\s*!", text):
        return "a factorial of a factorial"
    return None
