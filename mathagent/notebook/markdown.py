r"""A model's prose as Markdown that Jupyter renders: its formulas as formulas, everything else as words.

Renderers differ (JupyterLab, GitHub, VS Code, nbconvert), so what is written means the same to all of them: formulas
are `$...$` and `$$...$$` on one line; code is fenced anew, with more backticks than it has; a dollar that is money
stands alone in an element, because JupyterLab takes `\$` for the begin of a formula (jupyterlab issue 8645).

Nothing that a model wrote becomes a tag, a link, an image or a TeX command that acts: tags are shown as text, and a
formula with such a command is shown as code.
"""

from __future__ import annotations

import re

from mathagent.shown import clean
from mathagent.views.latex import BARE_BOX, FORMULA

_ACTS = re.compile(
    r"\\(?:href|url|require|style|class|cssId|html\w*|data|includegraphics|img|unicode|mmlToken"
    r"|(?:re)?newcommand|renewenvironment|newenvironment|providecommand|DeclareMathOperator|[gex]?def|let|futurelet"
    r"|input|include|write\w*|immediate|catcode|csname|global)(?![A-Za-z])"
)
_PARTS = re.compile(
    r"^[ \t]*(?P<fence>`{3,}|~{3,})(?P<info>[^\n`]*)\n(?P<fenced>.*?)(?:\n?^[ \t]*(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|\[asy\](?P<asy>.*?)\[/asy\]"
    r"|(?<![`\\])(?P<ticks>`+)(?!`)(?P<code>(?:(?!\n[ \t]*\n).)+?)(?<!`)(?P=ticks)(?!`)"
    rf"|(?P<formula>{FORMULA.pattern})|(?P<box>{BARE_BOX.pattern})",
    re.DOTALL | re.MULTILINE,
)
_DELIMITERS = (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$"))
_ENVIRONMENTS = {  # what stands alone in LaTeX, as what stands inside of a formula
    **dict.fromkeys(("align", "align*", "eqnarray", "eqnarray*"), "aligned"),
    **dict.fromkeys(("gather", "gather*", "multline", "multline*"), "gathered"),
}
_ACTIVE = re.compile(r"(\\*)([<&`$])")
_ENTITIES = {"<": "&lt;", "&": "&amp;", "`": "&#96;", "$": "<span>&#36;</span>"}


def safe_markdown(text: str) -> str:
    """The text as Markdown; formulas, emphasis, lists, tables and code are kept."""
    text = clean(text)
    written, at = [], 0
    for part in _PARTS.finditer(text):
        written += [_words(text[at : part.start()]), _part(part)]
        at = part.end()
    return "".join([*written, _words(text[at:])]).strip()


def fenced(code: str, info: str = "") -> str:
    """Text as a block of code, whatever is in it."""
    ticks = "`" * max(3, 1 + _longest_run(code))
    return f"{ticks}{re.sub(r'[^A-Za-z0-9+#-]', '', info)}\n{code}\n{ticks}"


def code_span(text: str) -> str:
    """Text as code within a line, whatever is in it."""
    ticks = "`" * (1 + _longest_run(text))
    return f"{ticks} {' '.join(text.split())} {ticks}" if text.strip() else ""


def formula(latex: str, *, display: bool = False) -> str:
    """LaTeX as a formula; as code where it could do more than to be set, or has what ends a formula."""
    content = " ".join(re.sub(r"(?<!\\)%[^\n]*", "", latex).split())
    content = re.sub(r"\\(begin|end)\{(\w+\*?)\}", _environment, content).strip()
    unescaped = re.sub(r"\\.", "", content)
    if not content or "$" in unescaped or "`" in content or content.endswith("\\") or _ACTS.search(content):
        return code_span(latex)
    content = content.replace("<", r"\lt ").replace(">", r"\gt ")
    content = re.sub(r"\](?=[(:\[])", "] ", content)
    return f"$${content}$$" if display else f"${content}$"


def is_inert(latex: str) -> bool:
    """Whether LaTeX can only be set: no link, no definition, no style."""
    return not _ACTS.search(latex)


def _part(part: re.Match[str]) -> str:
    if part["fenced"] is not None:
        return f"\n{fenced(part['fenced'], part['info'].strip())}\n"
    if part["asy"] is not None:
        return f"\n\n{fenced(part['asy'].strip(), 'asymptote')}\n\n"
    if part["code"] is not None:
        return code_span(part["code"])
    if part["box"] is not None:
        return formula(part["box"])
    found = part["formula"]
    for begin, end in _DELIMITERS:
        if found.startswith(begin):
            return formula(found[len(begin) : -len(end)], display=begin in ("$$", "\\["))
    return formula(found, display=True)


def _environment(match: re.Match[str]) -> str:
    which, name = match.groups()
    if name in ("equation", "equation*", "displaymath", "math"):
        return ""
    return f"\\{which}{{{_ENVIRONMENTS.get(name, name)}}}"


def _words(text: str) -> str:
    """Text outside of code and formulas."""
    return re.sub(r"\](?=[(:\[])", "&#93;", _ACTIVE.sub(_entity, text))


def _entity(match: re.Match[str]) -> str:
    """The character as an entity; a backslash that took its meaning from it is left out with that."""
    backslashes = len(match[1])
    return "\\" * (backslashes - backslashes % 2) + _ENTITIES[match[2]]


def _longest_run(text: str) -> int:
    return max(map(len, re.findall(r"`+", text)), default=0)
