"""LaTeX made plain, as far as a comparison of problems needs it: one spelling for what means the same."""

from __future__ import annotations

import re

_SIGNS = {
    "\\times": " * ",
    "\\cdot": " * ",
    "×": " * ",
    "·": " * ",
    "⋅": " * ",
    "∙": " * ",
    "\\div": " / ",
    "÷": " / ",
    "\\leq": " <= ",
    "\\le": " <= ",
    "≤": " <= ",
    "\\geq": " >= ",
    "\\ge": " >= ",
    "≥": " >= ",
    "\\neq": " != ",
    "\\ne": " != ",
    "≠": " != ",
    "−": "-",
    "–": "-",
    "—": "-",
    "⁄": "/",
    "π": " pi ",
    "√": " sqrt ",
    "∞": " infty ",
    "°": " degrees ",
    "^\\circ": " degrees ",
    "^{\\circ}": " degrees ",
    "\\degree": " degrees ",
    "\\%": " percent ",
    "%": " percent ",
    "{,}": ",",
    "\\ldots": "...",
    "\\dots": "...",
    "…": "...",
    "\\infty": " infty ",
    "\\pi": " pi ",
    "“": '"',
    "”": '"',
    "’": "'",
    "‘": "'",
    "\\$": " dollars ",
}
_POWERS = str.maketrans({sign: f"^{number}" for number, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")})
_SIGN = re.compile(
    "|".join(
        re.escape(sign) + ("(?![a-zA-Z])" if sign[-1].isalpha() and sign.startswith("\\") else "")
        for sign in sorted(_SIGNS, key=len, reverse=True)
    )
)
_SPACING = re.compile(r"\\(?:left|right|big|Big|bigg|Bigg|displaystyle|quad|qquad)(?![a-zA-Z])|\\[,;:! ]|~")
_THIN = re.compile(r"(?<=\d)(?:\\,|[\u2009\u202f\u00a0])(?=\d{3}(?!\d))")
_TEXT = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|operatorname|mbox)\s*\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{([^{}]*)\}|(\w))\s*(?:\{([^{}]*)\}|(\w))")
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]*)\}")
_POWER = re.compile(r"\^\s*\{([^{}]*)\}")
_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_ROUNDS = 8  # of nesting


def plain(text: str) -> str:
    r"""The text without LaTeX: `\frac{1}{2}` is `1/2`, `2\cdot 3` is `2 * 3`, `\alpha` is `alpha`, `$` is gone."""
    text = _THIN.sub("", text).translate(_POWERS)
    text = _SIGN.sub(lambda match: _SIGNS[match[0]], text)
    text = _SPACING.sub(" ", text)
    for _ in range(_ROUNDS):
        before = text
        text = _TEXT.sub(r" \1 ", text)
        text = _ROOT.sub(r" sqrt \1 ", text)
        text = _POWER.sub(r"^\1", text)
        text = _FRACTION.sub(
            lambda match: f" {match[1] or match[2] or ''}/{match[3] or match[4] or ''} ", text
        )
        if text == before:
            break
    text = _COMMAND.sub(lambda match: f" {match[1].lower()} ", text)
    return re.sub(r"[${}\\]", " ", text)
