"""The page itself: HTML with its styles, fonts and scripts inside, and a policy under which nothing else can run."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from functools import cache
from pathlib import Path
from typing import Literal

from mathagent.page.modules import joined

_HERE = Path(__file__).parent
_KATEX = _HERE / "vendor" / "katex"
_STYLES = ("tokens", "frame", "list", "summary", "trace", "prose", "code")
_FONT = re.compile(r"src:url\(fonts/([\w-]+\.woff2)\)[^}]*")
_HOLE = re.compile(r"\{\{(\w+)\}\}")

Source = Literal["embedded", "served"]


def document(source: Source, title: str) -> tuple[str, str, str]:
    """The page in three parts. In an export the head of the data goes before the second, the chunks before the third.

    Args:
        source: where the page finds its data: in itself, or at the server that it came from.
        title: of the window; any text.
    """
    style, script = _style(), _script()
    filled = {
        "policy": html.escape(policy(source)),
        "source": source,
        "title": html.escape(title),
        "style": style,
        "katex": _katex(),
        "script": script,
    }
    before, _, rest = _read("html/page.html").partition("{{head}}")
    between, _, after = rest.partition("{{chunks}}")
    first, second, third = (
        _HOLE.sub(lambda hole: filled[hole[1]], part) for part in (before, between, after)
    )
    return first, second, third


def policy(source: Source) -> str:
    """The Content-Security-Policy: our own scripts and styles by their hashes, pictures and fonts from the page itself.

    An exported page may connect to nothing at all. Trusted types forbid every function that makes markup or script of
    text, in our code too.
    """
    connect = "'self'" if source == "served" else "'none'"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(_katex())} {_hash(_script())}",
            f"style-src {_hash(_style())}",
            "img-src data:",
            "font-src data:",
            f"connect-src {connect}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


@cache
def _style() -> str:
    own = "".join(_read(f"css/{name}.css") for name in _STYLES)
    return _FONT.sub(_font, _read("vendor/katex/katex.min.css")) + own


def _font(found: re.Match[str]) -> str:
    data = base64.b64encode((_KATEX / "fonts" / found[1]).read_bytes()).decode("ascii")
    return f'src:url(data:font/woff2;base64,{data}) format("woff2")'


@cache
def _katex() -> str:
    return _inside_script(_read("vendor/katex/katex.min.js"))


@cache
def _script() -> str:
    return _inside_script(joined("main", lambda name: _read(f"js/{name}.js")))


def _inside_script(text: str) -> str:
    """The text, if it can stand inside of a script element. Raises ValueError if it would end it."""
    if re.search(r"<(?:/script|!--)", text, re.IGNORECASE):
        raise ValueError("the script would end its own element")
    return text


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
