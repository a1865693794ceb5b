r"""LaTeX made readable in a terminal: ``\frac{1}{2} \le \pi`` becomes ``1/2 ≤ π``. By pylatexenc."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text

_MATH = re.compile(
    r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)|(?<![\\$\w])\$(?!\s)([^$\n]+?)(?<![\s\\])\$(?!\d)", re.DOTALL
)
_BARE_BOX = re.compile(r"\\boxed\s*\{(?:[^{}]|\{[^{}]*\})*\}")
_FRACTION = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_DEGREES = re.compile(r"\^\s*(?:\\circ|\{\s*\\circ\s*\})")
_BINOMIAL = re.compile(r"\\[dt]?binom\{([^{}]+)\}\{([^{}]+)\}")
_SCRIPT = re.compile(r"([\^_])(?:\{([^{}\\]{1,12})\}|([0-9A-Za-z+\-]))")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~])")
_SUPER = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_SUB = str.maketrans("0123456789+-=()aeioxhklmnpst", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢₒₓₕₖₗₘₙₚₛₜ")


def plain_math(latex: str) -> str:
    """One formula as plain text; the LaTeX itself where it can't be read."""
    text = _BINOMIAL.sub(r"C(\1, \2)", _DEGREES.sub("°", latex.strip()))
    text = _SCRIPT.sub(_script, _FRACTION.sub(r"\\frac", text))
    try:
        plain = _converter().latex_to_text(text)
    except Exception:  # whatever a converter makes of a model's broken LaTeX, the text must still be shown
        return latex
    return " ".join(plain.split()) if "\n" not in plain.strip() else plain.strip("\n")


def readable(markdown: str) -> str:
    """Markdown with its formulas made readable; their characters mean nothing to Markdown any more."""
    return _BARE_BOX.sub(_box, _MATH.sub(_formula, markdown))


def _formula(match: re.Match[str]) -> str:
    content = next(group for group in match.groups() if group is not None)
    return _MARKDOWN.sub(r"\\\1", plain_math(content.replace("\\boxed", "")))


def _box(match: re.Match[str]) -> str:
    return _MARKDOWN.sub(r"\\\1", plain_math(match[0].removeprefix("\\boxed")))


def _script(match: re.Match[str]) -> str:
    """A short exponent or index in Unicode, where Unicode has all of its characters."""
    content = match[2] if match[2] is not None else match[3]
    table = _SUPER if match[1] == "^" else _SUB
    if all(ord(character) in table for character in content):
        return "{}" + content.translate(table)  # braces: or the script would count as part of a macro's name
    return match[0]


@cache
def _converter() -> LatexNodes2Text:
    from pylatexenc.latex2text import LatexNodes2Text

    logging.getLogger("pylatexenc").setLevel(logging.ERROR)  # broken LaTeX is no news here
    return LatexNodes2Text(math_mode="text")
