"""The second opinion: Math-Verify with its defaults, for audits. Runs in the grading process only."""

from __future__ import annotations

import re
from typing import Any

import sympy
from math_verify import parse, verify

from mathagent.grading.compare import Outcome

_MATH = re.compile(r"(?<!\\)\$|\\\(|\\\[|\\boxed|\\begin")


def second_opinion(answer: str, gold: str) -> Outcome:
    """Compare two texts as Math-Verify does. A text without math marks is a formula as a whole, so gets some."""
    mine, known = (parse(_marked(text), parsing_timeout=None) for text in (answer, gold))
    equal = bool(verify(known, mine, timeout_seconds=None))
    return Outcome(equal, f"Math-Verify reads {_show(mine)}, known {_show(known)}")


def _marked(text: str) -> str:
    return text if _MATH.search(text) or re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", text) else f"${text}$"


def _show(found: list[Any]) -> str:
    if not found:
        return "nothing"
    text = " ".join(
        (found[0] if isinstance(found[0], str) else sympy.sstr(found[0], full_prec=False)).split()
    )
    return text if len(text) <= 80 else text[:79] + "…"
