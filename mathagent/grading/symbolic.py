"""Algebra on two single expressions: read by Math-Verify's LaTeX parser, compared exactly, numerically or by it.

Runs in the grading process only: sympy may take forever, or more memory than there is, and is stopped from outside.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import sympy
from math_verify import LatexExtractionConfig, parse, verify

from mathagent.grading.compare import Outcome
from mathagent.grading.numeric import same_everywhere, same_value
from mathagent.grading.relations import as_set, is_relation, same_relation, same_set
from mathagent.grading.units import factor_between, read_unit

_FUNCTIONS = re.compile(
    r"(?<![\\a-zA-Z])(arcsin|arccos|arctan|sqrt|sinh|cosh|tanh|sin|cos|tan|cot|sec|csc|log|ln|exp|pi|infty)(?![a-z])"
)
_UNIT = re.compile(
    r"\s*(?:\\(?:text|mathrm|mbox)\s*\{\s*(?P<text>[^{}]+)\}\s*(?P<power>\^\s*\{?\s*\d\s*\}?)?"
    r"|(?<=[\s\d}])(?P<plain>(?:(?:square|cubic|sq)\s+)?(?:[cmk]m|inch(?:es)?|f(?:ee|oo)t|m(?:eter|etre|ile)s?|units?|"
    r"degrees?|hours?|minutes?|seconds?|dollars?|kg)(?:\s*\^\s*\{?\d\}?)?))$"
)
_READING = LatexExtractionConfig()
_READING = replace(
    _READING,
    boxed_match_priority=-1,
    # Units are taken off here: Math-Verify's list holds single letters, and 5m+2 would lose its m.
    normalization_config=replace(_READING.normalization_config, units=False, boxed="none"),
)


def algebra(answer: str, gold: str) -> Outcome:
    """Compare two cleaned texts that are each one expression, relation, set or matrix."""
    (answer, unit), (gold, known_unit) = _without_unit(answer), _without_unit(gold)
    if unit and known_unit and factor_between(unit, known_unit) != 1:
        return Outcome(False, f"in {unit}, known in {known_unit}")
    mine, known = read(answer), read(gold)
    if known is None or mine is None:
        which = "the known answer" if known is None else "the answer"
        return Outcome(False, f"{which} is not read as mathematics, and the texts differ")
    detail = f"answer {_show(mine)}, known {_show(known)}"
    return Outcome(_same(mine, known, answer, gold), detail)


def _same(mine: Any, known: Any, answer: str, gold: str) -> bool:
    if (equal := same_value(mine, known, answer, gold)) is not None:
        return equal
    relations = is_relation(mine), is_relation(known)
    if all(relations):
        return same_relation(mine, known)
    sets = as_set(mine), as_set(known)
    if sets[0] is not None and sets[1] is not None and (any(relations) or "union" in _kinds(answer, gold)):
        return same_set(*sets)
    if any(relations):
        return False  # (x+y)^2 = 81 names no value; x = 9 has been read as 9 before
    expressions = isinstance(mine, sympy.Expr) and isinstance(known, sympy.Expr)
    if expressions and (equal := same_everywhere(mine, known)) is not None:
        return equal
    # Time is limited by the deadline of this process: Math-Verify's own limits are signals.
    return bool(verify(known, mine, timeout_seconds=None))


def _kinds(answer: str, gold: str) -> str:
    return "union" if re.search(r"\\(?:cup|cap|setminus|mathbb)", answer + gold) else ""


def _without_unit(text: str) -> tuple[str, str]:
    """The text and the unit after it, if one is there."""
    if (found := _UNIT.search(text)) and found.start() > 0:
        words = (found["text"] or found["plain"]) + (found["power"] or "")
        if unit := read_unit(words):
            return text[: found.start()].strip(), unit
    return text, ""


def read(text: str) -> Any:
    """A sympy object, or None."""
    found = parse(f"${to_latex(text)}$", [_READING], fallback_mode="no_fallback", parsing_timeout=None)
    if not found:
        return None
    value = found[0]
    if isinstance(
        value, sympy.Basic
    ):  # i is the imaginary unit, also in 2i, where Math-Verify has a variable
        units = [name for name in value.free_symbols if name.name in ("i", "I")]
        value = value.subs(dict.fromkeys(units, sympy.I)) if units else value
    return value


def to_latex(text: str) -> str:
    """Plain notation (2*sqrt(3), x**2) in LaTeX; angles in degrees under a function in radians."""
    text = text.replace("$", " ").replace("**", "^").replace("*", r" \cdot ")
    text = re.sub(r"(?<![a-zA-Z\d])1?\s*\\cdot\s*I(?![a-zA-Z])", "i", text)
    text = re.sub(r"(?<=\d)j(?![a-zA-Z])", "i", text)  # 1+2j, as Python prints it
    for _ in range(3):  # sqrt(2+sqrt(3)): the inner one first
        text = re.sub(r"\\?(?<![a-zA-Z])sqrt\s*\(((?:[^()]|\([^()]*\))*)\)", r"\\sqrt{\1}", text)
    text = re.sub(r"(?<![\\a-zA-Z])exp\s*\(([^()]*)\)", r"e^{\1}", text)
    text = _FUNCTIONS.sub(r"\\\1 ", text)
    text = re.sub(r"\^\s*\(([^()]*)\)", r"^{\1}", text)
    text = re.sub(r"(?<![a-zA-Z\\])C\(\s*(\w+)\s*,\s*(\w+)\s*\)", r"\\binom{\1}{\2}", text)
    text = re.sub(
        r"\\?(?:text|mathrm|operatorname)?\s*\{?\s*(?<![a-zA-Z])cis\s*\}?\s*(\S+)", r"\\cdot e^{i \1}", text
    )
    text = re.sub("或者?", r"\\text{ or }", text)
    text = (
        text.replace("<=", r"\le ")
        .replace(">=", r"\ge ")
        .replace("!=", r"\ne ")
        .replace("\\%", "\\cdot 0.01")
    )
    if "\\circ" in text:
        text = re.sub(r"(\d+(?:\.\d+)?)\s*\^\s*\{?\\circ\}?", _degrees(text), text)
    return text


def _degrees(text: str) -> str:
    return (
        r"{\\frac{\1 \\pi}{180}}" if re.search(r"\\(?:sin|cos|tan|cot|sec|csc|pi)(?![a-z])", text) else r"\1"
    )


def _show(value: Any) -> str:
    text = " ".join(sympy.sstr(value, full_prec=False).split())
    return text if len(text) <= 100 else text[:99] + "…"
