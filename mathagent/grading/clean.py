"""Text of an answer made uniform without changing what it means: wrappers, spacing, look-alike characters."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_REPLACED = {
    "−": "-", "–": "-", "—": "-", "×": "\\times ", "·": "\\cdot ", "÷": "/", "⁄": "/", "∕": "/",
    "π": "\\pi ", "∞": "\\infty ", "±": "\\pm ", "∓": "\\mp ", "≤": "\\le ", "≥": "\\ge ", "≠": "\\ne ",
    "≦": "\\le ", "≧": "\\ge ", "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "∅": "\\emptyset ", "°": "^\\circ ",
    "ℝ": "\\mathbb{R}", "≈": "\\approx ", "。": ".", "、": ",", "【": "[", "】": "]",
    "〈": "(", "〉": ")", "⟨": "(", "⟩": ")",
}  # fmt: skip
_REPLACED_ANY = re.compile("|".join(map(re.escape, _REPLACED)))
_RENAMED = {
    "dfrac": "\\frac", "tfrac": "\\frac", "cfrac": "\\frac", "dbinom": "\\binom", "tbinom": "\\binom",
    "leq": "\\le", "geq": "\\ge", "neq": "\\ne", "leqslant": "\\le", "geqslant": "\\ge", "lt": "<", "gt": ">",
    "varnothing": "\\emptyset", "infin": "\\infty", "varphi": "\\phi", "backslash": "\\setminus",
    "lbrace": "\\{", "rbrace": "\\}", "lbrack": "[", "rbrack": "]", "langle": "(", "rangle": ")",
    "lvert": "|", "rvert": "|", "vert": "|", "colon": ":", "degree": "^\\circ ", "prime": "'",
    "dots": "\\ldots ", "cdots": "\\ldots ", "dotsc": "\\ldots ", "dotsb": "\\ldots ",
    "textdollar": "\\$", "percent": "\\%",
}  # fmt: skip
_DROPPED = re.compile(
    r"\\(?:left|right|displaystyle|textstyle|scriptstyle|limits|[bB]igg?[lrm]?|boldsymbol|rm|bf|it|hfill|hspace"
    r"\{[^{}]*\}|triangle|tag\{[^{}]*\}|ensuremath)(?![a-zA-Z])\.?"
)
_VECTORS = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|hat|vec|mathbf\{\\hat)\s*\{?\s*\\?(?:hat\s*\{?)?([ijk])(?:math)?\s*\}+"
)
_BOLD = re.compile(
    r"\\(?:mathbf|mathit|mathsf|mathcal|bm|pmb|vec|overrightarrow|hat|underline)\s*\{([^{}]*)\}"
)
_SPACES = re.compile(
    r"(?<!\\)\\[,;:!> ]|\\(?:quad|qquad|thinspace|enspace|enskip|space)(?![a-zA-Z])|~|\u200b|\ufeff"
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_VULGAR = re.compile(r"(\d?)\s*([¼½¾⅐-⅞])")
# {x | 1 < x < 2} names its elements by what follows the bar.
_BUILT = re.compile(
    r"^\\?\{\s*([a-zA-Z])\s*(?:\\in\s*\\mathbb\s*\{?R\}?\s*)?(?:\||\\mid(?![a-zA-Z])|:)\s*([^|{}]*\1[^|{}]*?)\s*\\?\}$"
)
_ESCAPES = {"\f": "f", "\b": "b", "\t": "t", "\r": "r", "\n": "n", "\a": "a", "\v": "v"}
_ESCAPED = re.compile(
    "\f(?=rac|box)|\b(?=oxed|inom|egin|ar|eta)|\t(?=ext|imes|frac|heta|an\\b|o\\b)|\r(?=ight|angle|m\\b|ho\\b)"
    "|\n(?=eq?\\b)|\a(?=lpha|ngle|pprox)|\v(?=ec|arnothing|ert)"
)
_WHOLE = re.compile(r"^\\(?:boxed|fbox|text|textbf|textit|textrm|textnormal|mathrm|mathbf|mbox|emph)\s*\{")
_MATH_MARKS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))


def restore(text: str) -> str:
    r"""Commands whose backslash was taken for an escape: a form feed before `rac` was \frac."""
    return _ESCAPED.sub(lambda found: "\\" + _ESCAPES[found[0]], text) if not text.isprintable() else text


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    r"""Make a text uniform: `$\boxed{\dfrac{1}{2}}$.` becomes `\frac{1}{2}`."""
    if text.isascii() and text.isalnum():  # the usual case, and nothing to do
        return text
    if not text.isascii():
        text = _clean_characters(text)
    if "\\" not in text and "$" not in text and "{" not in text:
        return _unwrap(" ".join(text.split()))
    text = _clean_commands(text)
    return _unwrap(" ".join(text.split()))


def _clean_characters(text: str) -> str:
    text = _VULGAR.sub(lambda found: f"{found[1]} {unicodedata.normalize('NFKC', found[2])} ", text)
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda found: "^{" + found[0].translate(_SUPERSCRIPTS) + "}", text)
    text = re.sub(r"√\s*(\d+(?:\.\d+)?|\([^()]*\)|[a-z])", r"\\sqrt{\1}", text)
    text = re.sub(r"第(?=\d)", "", unicodedata.normalize("NFKC", text))
    return _REPLACED_ANY.sub(lambda found: _REPLACED[found[0]], text)


def _clean_commands(text: str) -> str:
    if "\\begin" not in text:  # there, a double backslash ends a row; elsewhere it is an escape too many
        text = re.sub(r"\\\\(?=[a-zA-Z$%{}])", r"\\", text)
        text = re.sub(r"\\\\\s*$", "", text)
    text = text.replace(",\\!", ",")
    text = re.sub(r"(?<=\d)\s*\{([,.])\}\s*(?=\d)", r"\1", text)
    text = re.sub(r"(?<=\d)\\[,;: ](?=\d{3}(?!\d))", ",", text)
    text = _VECTORS.sub(lambda found: f"w_{{{'ijk'.index(found[1]) + 1}}}", text)
    text = re.sub(r"\\overline\s*\{([A-Z]{2})\}", r"\1", text)  # a segment
    text = _SPACES.sub(" ", _DROPPED.sub("", _BOLD.sub(r"\1", text)))
    text = re.sub(r"\\([a-zA-Z]+)", lambda found: _RENAMED.get(found[1], found[0]), text)
    text = (
        text.replace("\\^\\circ", "^\\circ").replace("^{\\circ}", "^\\circ").replace("{}^\\circ", "^\\circ")
    )
    text = re.sub(r"\{\s*([^{}]+?)\s*\\(over|choose)(?![a-zA-Z])\s*([^{}]+?)\s*\}", _infix, text)
    for _ in range(2):  # \frac1\frac23 and the like need a second look
        text = re.sub(r"\\(frac|binom)\s*(\d|[a-z](?![a-z]))\s*(?=[\d{\\a-z])", r"\\\1{\2}", text)
        text = re.sub(r"(\\(?:frac|binom)\s*\{[^{}]*\})\s*(\d|[a-z](?![a-z]))", r"\1{\2}", text)
    text = re.sub(r"^\\begin\s*\{(cases|aligned)\}(.*)\\end\s*\{\1\}$", _lines, text.strip(), flags=re.DOTALL)
    text = _BUILT.sub(r"\2", text.strip())
    return re.sub(r"\\sqrt\s*(\[[^\]]*\])?\s*(\d|[a-z](?![a-z]))", r"\\sqrt\1{\2}", text)


def _lines(found: re.Match[str]) -> str:
    """The lines of a system of equations as a list; a function by cases stays what it is."""
    if "&" in found[2].replace("&=", "="):
        return found[0]
    return ", ".join(line.strip(" ,;") for line in found[2].replace("&", "").split("\\\\") if line.strip())


def _infix(found: re.Match[str]) -> str:
    return f"\\{'frac' if found[2] == 'over' else 'binom'}{{{found[1]}}}{{{found[3]}}}"


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
                and not inner.endswith("\\")
            ):
                text = inner.strip()
        if (found := _WHOLE.match(text)) and closing(text, found.end() - 1) == len(text) - 1:
            text = text[found.end() : -1]
        text = re.sub(r"^(\*\*|__|`)(?!\1)([^`]+)\1$", r"\2", text)
        text = re.sub(r"(?<![.\d])\.$|(?<=\d)\.$|[;,][;,\s]*$", "", text)
        text = re.sub(r"^(?:=(?!=)|\\approx(?![a-zA-Z])|#{2,})\s*", "", text)
        if text.startswith(("]", "[", "(")) and re.match(r"^[\]\[(][^\[\]()]*,[^\[\]()]*[\]\[)]$", text):
            text = _french(text)
        if text == before:
            return text


def _french(text: str) -> str:
    """An interval with brackets turned outwards at open ends: ]0,1[ is (0,1)."""
    if text[0] == "]" or text[-1] == "[":
        return ("(" if text[0] == "]" else text[0]) + text[1:-1] + (")" if text[-1] == "[" else text[-1])
    return text


def closing(text: str, opening: int) -> int:
    """Where the bracket at `opening` is closed; -1 if nowhere. Brackets of all kinds count alike: (0,1] is closed."""
    depth = 0
    for at in range(opening, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return at
    return -1


def without_text(text: str) -> str:
    r"""Take text commands off wherever they stand: `5\text{ cm}` becomes `5 cm`."""
    return re.sub(
        r"\\(?:text(?:bf|it|rm|normal)?|mathrm|mbox|operatorname)\s*\{([^{}]*)\}", r"\1", text
    ).strip()
