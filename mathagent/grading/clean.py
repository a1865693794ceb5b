"""Text of an answer made uniform without changing what it means: wrappers, spacing, look-alike characters."""

from __future__ import annotations

import re
import unicodedata

_REPLACED = {
    "−": "-", "–": "-", "—": "-", "×": "\\times ", "·": "\\cdot ", "÷": "/", "⁄": "/", "∕": "/",
    "π": "\\pi ", "∞": "\\infty ", "±": "\\pm ", "∓": "\\mp ", "≤": "\\le ", "≥": "\\ge ", "≠": "\\ne ",
    "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "∅": "\\emptyset ", "°": "^\\circ ", "≈": "\\approx ",
    "。": ".", "、": ",", "【": "[", "】": "]",
}  # fmt: skip
_RENAMED = {
    "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "dbinom": "binom", "tbinom": "binom",
    "leq": "le", "geq": "ge", "neq": "ne", "leqslant": "le", "geqslant": "ge",
    "lbrace": "{", "rbrace": "}", "varnothing": "emptyset", "infin": "infty", "degree": "^\\circ",
}  # fmt: skip
_DROPPED = re.compile(
    r"\\(?:left|right|displaystyle|textstyle|limits|bigl|bigr|Bigl|Bigr|big|Big|boldsymbol)(?![a-zA-Z])"
)
_SPACES = re.compile(r"\\[,;:!> ]|\\(?:quad|qquad|thinspace)(?![a-zA-Z])|~|\\enspace")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_WHOLE = re.compile(r"^\\(?:boxed|fbox|text|textbf|textit|textrm|mathrm|mathbf|mbox|emph|ensuremath)\s*\{")
_MATH_MARKS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))


def clean(text: str) -> str:
    r"""Make a text uniform: `$\boxed{\dfrac{1}{2}}$.` becomes `\frac{1}{2}`."""
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda found: "^{" + found[0].translate(_SUPERSCRIPTS) + "}", text)
    text = unicodedata.normalize("NFKC", re.sub(r"√\s*(\d+|\([^()]*\))", r"sqrt(\1)", text))
    for char, instead in _REPLACED.items():
        text = text.replace(char, instead)
    text = text.replace(",\\!", ",")
    text = re.sub(r"(?<=\d)\{,\}(?=\d)|(?<=\d)\\,(?=\d{3})", ",", text)
    text = _SPACES.sub(" ", _DROPPED.sub("", text))
    text = re.sub(r"\\([a-zA-Z]+)", lambda found: "\\" + _RENAMED.get(found[1], found[1]), text)
    text = text.replace("\\^\\circ", "^\\circ").replace("^{\\circ}", "^\\circ")
    text = re.sub(r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}", text)
    return _unwrap(" ".join(text.split()))


def _unwrap(text: str) -> str:
    """Take off what surrounds the whole text: math marks, boxes, text commands, emphasis, a final full stop."""
    while True:
        before = text
        text = text.strip()
        for begin, end in _MATH_MARKS:
            inner = text[len(begin) : -len(end)]
            if (
                text.startswith(begin)
                and text.endswith(end)
                and len(text) > len(begin + end)
                and begin not in inner
            ):
                text = inner.strip()
        if (found := _WHOLE.match(text)) and closing(text, found.end() - 1) == len(text) - 1:
            text = text[found.end() : -1]
        text = re.sub(r"^\*\*(.+)\*\*$", r"\1", text)
        text = re.sub(r"(?<![.\d])\.$|(?<=\d)\.$|[;,]$", "", text)
        text = re.sub(r"^(?:=|\\approx(?![a-zA-Z]))\s*", "", text)
        if text == before:
            return text


def closing(text: str, opening: int) -> int:
    """Where the bracket at `opening` is closed; -1 if nowhere. Brackets of all kinds count alike: (0,1] is closed."""
    depth = 0
    for at in range(opening, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return at
    return -1
