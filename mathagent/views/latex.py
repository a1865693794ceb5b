r"""LaTeX made readable in a terminal: ``\frac{1}{2} \le \pi`` becomes ``1/2 ≤ π``. By pylatexenc."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text

FORMULA = re.compile(
    r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)|(?<![\\$\w])\$(?!\s)([^$\n]+?)(?<![\s\\])\$(?!\d)"
    r"|(\\begin\{(?P<name>(?:align|aligned|array|cases|equation|eqnarray|gather|multline)\*?)\}.+?\\end\{(?P=name)\})",
    re.DOTALL,
)
"""A formula in a model's prose. Groups: in $$, in \\[ \\], in \\( \\), in $; an environment that stands by itself."""

_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*\}"
BARE_BOX = re.compile(r"\\boxed\s*" + _GROUP)
"""A box outside of any formula."""

_FRACTION = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_DEGREES = re.compile(r"\^\s*(?:\\circ|\{\s*\\circ\s*\})")
_BINOMIAL = re.compile(r"\\[dt]?binom\s*(?:\{([^{}]+)\}\s*\{([^{}]+)\}|(\d)(\d))")
_SCRIPT = re.compile(r"([\^_])(?:\{([^{}\\]{1,12})\}|([0-9A-Za-z+\-]))")
_POWER = re.compile(r"\^\{((?:[^{}]|\{[^{}]*\}){2,})\}")
_INDEX = re.compile(r"_\{([^{}]*[\\+\-=<>][^{}]*)\}")
_FACTOR = re.compile(r"[\w.,°%∞']*|\w*√?\w*\([^()]*\)|\w*√\w+")  # can stand over a fraction's line as it is
_ATOM = re.compile(r"[\d.,]*|\w|√?\([^()]*\)|√\w+")  # and what can stand below it
_END = "\N{WORD JOINER}"  # around a fraction, after a root: what stands beside it is no part of it
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~])")
_SUPER = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_SUB = str.maketrans("0123456789+-=()aeioxhklmnpst", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢₒₓₕₖₗₘₙₚₛₜ")
# What pylatexenc does not know, or leaves out: names of functions, signs, and what only sets the type.
_NAMES = (
    "arg",
    "cot",
    "csc",
    "deg",
    "det",
    "dim",
    "gcd",
    "inf",
    "lcm",
    "lim",
    "max",
    "min",
    "Pr",
    "sec",
    "sup",
)
_SIGNS = {
    **{"ne": "≠", "triangle": "△", "square": "□", "bmod": " mod ", "mod": " mod ", "pmod": " mod "},
    **{"implies": "⟹", "iff": "⟺", "to": "→", "land": "∧", "lor": "∨", "lnot": "¬", "choose": " choose "},
}
_SILENT = (
    *(
        "boxed",
        "fbox",
        "mbox",
        "operatorname",
        "mathop",
        "displaystyle",
        "limits",
        "left",
        "right",
        "rm",
        "bold",
    ),
    *(
        "big",
        "Big",
        "bigg",
        "Bigg",
        "bigl",
        "bigr",
        "Bigl",
        "Bigr",
        "biggl",
        "biggr",
        "Biggl",
        "Biggr",
        "hline",
        "!",
    ),
)


def plain_math(latex: str) -> str:
    """One formula as plain text; the LaTeX itself where it can't be read."""
    text = _BINOMIAL.sub(r"C(\1\3, \2\4)", _DEGREES.sub("°", latex.strip()))
    text = _INDEX.sub(
        r"_{(\1)}", _POWER.sub(r"^{(\1)}", _SCRIPT.sub(_script, _FRACTION.sub(r"\\frac", text)))
    )
    try:
        plain = _converter().latex_to_text(text)
        plain = re.sub(r"(?<=[\w)])" + _END + r"+(?=[\w√∛∜(])", " ", plain).replace(_END, "")
    except Exception:  # whatever a converter makes of a model's broken LaTeX, the text must still be shown
        return latex
    return " ".join(plain.split()) if "\n" not in plain.strip() else plain.strip("\n")


def readable(markdown: str) -> str:
    """Markdown with its formulas made readable; their characters mean nothing to Markdown any more."""
    return BARE_BOX.sub(_box, FORMULA.sub(_formula, markdown))


def plain(text: str) -> str:
    """A text with its formulas made readable, for a place that knows no Markdown."""
    text = FORMULA.sub(lambda match: plain_math(_content(match)), text)
    return BARE_BOX.sub(lambda match: plain_math(match[0].removeprefix("\\boxed")), text)


def _content(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None)


def _formula(match: re.Match[str]) -> str:
    lines = (" ".join(line.split()) for line in plain_math(_content(match)).split("\n"))
    return "  \n".join(
        _MARKDOWN.sub(r"\\\1", line) for line in lines
    )  # two spaces: Markdown keeps the line's end


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
    from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

    logging.getLogger("pylatexenc").setLevel(logging.ERROR)  # broken LaTeX is no news here
    database = get_default_latex_context_db()
    texts = {**{name: name for name in _NAMES}, **_SIGNS}
    own = [MacroTextSpec(name, simplify_repl=text) for name, text in texts.items()]
    own += [MacroTextSpec(name, simplify_repl=lambda _: "") for name in _SILENT]
    own += [MacroTextSpec("frac", simplify_repl=_fraction), MacroTextSpec("sqrt", simplify_repl=_root)]
    database.add_context_category("mathagent", macros=own, prepend=True)
    # pylatexenc leaves out what it does not know; a formula without it would say something else
    database.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=lambda node: f"\\{node.macroname} "))
    return LatexNodes2Text(math_mode="text", latex_context=database)


def _fraction(node: Any, l2tobj: Any) -> str:
    """A fraction on one line, with parentheses where it would otherwise say something else."""
    over, under = (_argument(each, l2tobj) for each in node.nodeargd.argnlist)
    over = over if _FACTOR.fullmatch(over) else f"({over})"
    under = under if _ATOM.fullmatch(under) else f"({under})"
    return f"{_END}{over}/{under}{_END}"


def _root(node: Any, l2tobj: Any) -> str:
    """A root with its index."""
    index, radicand = node.nodeargd.argnlist
    which, under = _argument(index, l2tobj), _argument(radicand, l2tobj)
    sign = {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(which)
    if sign is None:
        small = all(ord(character) in _SUPER for character in which)
        sign = f"{which.translate(_SUPER)}√" if small else f"({which})√"
    return sign + (under if re.fullmatch(r"\w+", under) else f"({under})") + _END


def _argument(node: Any, l2tobj: Any) -> str:
    return str(l2tobj.nodelist_to_text([node])).strip().strip(_END) if node is not None else ""
