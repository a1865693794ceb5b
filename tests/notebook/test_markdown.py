"""A model's prose as Markdown: formulas as Jupyter reads them, and nothing that acts, by a real Markdown parser."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mathagent.notebook.markdown import code_span, fenced, formula, safe_markdown

HARMLESS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "ul", "ol", "li", "blockquote", "code", "pre", "hr"),
    *("br", "table", "thead", "tbody", "tr", "th", "td", "span"),
}  # fmt: skip
RENDERER = MarkdownIt("commonmark", {"html": True}).enable("table")
MONEY = "<span>&#36;</span>"


class Tags(HTMLParser):
    """The tags of a page, and those of their attributes that do more than to align."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs} - {"class", "style", "start"}

    handle_startendtag = handle_starttag


def acts(markdown: str) -> set[str]:
    """The tags and attributes that a reader of Markdown makes of a text, without the harmless ones."""
    page = Tags(RENDERER.render(markdown))
    return (page.tags - HARMLESS) | page.attributes


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (r"So \(x^2\) is", "So $x^2$ is"),
        ("So\n\\[\n  x = 1\n\\]\nand", "So\n$$x = 1$$\nand"),
        ("$$\na % why\n\n= b$$", "$$a = b$$"),
        (r"\(a < b > c\)", r"$a \lt  b \gt  c$"),
        (r"\[\begin{align*} a &= b \\ c &= d \end{align*}\]", r"$$\begin{aligned} a &= b \\ c &= d \end{aligned}$$"),
        (r"\begin{equation}x\end{equation}", "$$x$$"),
        (r"The answer is \boxed{\frac{1}{2}}.", r"The answer is $\boxed{\frac{1}{2}}$."),
        ("It costs $5 and then $10 more.", f"It costs {MONEY}5 and then {MONEY}10 more."),
        (r"It costs \$5.", f"It costs {MONEY}5."),
        (r"Two backslashes \\$", rf"Two backslashes \\{MONEY}"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("`<b>` and ``a`b``", "` <b> ` and `` a`b ``"),
        ("```html\n<b>\n```", "```html\n<b>\n```"),
        ("```python\nnever closed", "```python\nnever closed\n```"),
        (r"$\href{javascript:alert(1)}{x}$", r"` \href{javascript:alert(1)}{x} `"),
        (r"$\def\a{b}$", r"` \def\a{b} `"),
        ("[asy]\ndraw(a<b);\n[/asy]", "```asymptote\ndraw(a<b);\n```"),
        ("# Step 1\n\n- **so** *it* is", "# Step 1\n\n- **so** *it* is"),
        ("colour \x1b[31mred\x1b[0m \ud800", "colour red \N{REPLACEMENT CHARACTER}"),
    ],
)  # fmt: skip
def test_what_is_written(said: str, written: str) -> None:
    assert safe_markdown(said) == written


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "![a](http://tracker.example/x.png)",
    "[a]\n\n[a]: javascript:alert(1)",
    "[a][b]\n\n[b]: http://x.example",
    "<http://x.example> <a@b.example>",
    "$<img src=x onerror=alert(1)>$",
    "$[a](javascript:alert(1))$",
    "\\([a]: http://x.example\\)\n\n[a]",
    "``` <b>\n<script>x</script>",
    "```a`b\n<script>x</script>\n```",
    "\\`<script>x</script>`",
    "~~~\n<i>\n```\n<script>x</script>",
    "> ```\n> <script>x</script>",
    "</details><script>x</script>",
    "\\<script>x</script>",
    "\\\\<script>x</script>",
    "<!-- --><script>x</script>",
    "    <script>x</script>",
    "- a\n\n  ```\n<script>x</script>",
    "`` ` `` <script>",
    "&lt;script&gt;",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_acts(text: str) -> None:
    assert acts(safe_markdown(text)) == set()
    assert "script" not in text or "script" in safe_markdown(text)  # shown, not dropped


PIECES = st.lists(
    st.sampled_from([*"`$\\<>[]()!&:~_*#-| \n\tax", "](", "]:", "```", "~~~", "$$", "\\(", "\\)", "\\[", "\\]",
                     "<b x=y>",
                     "<script>", "http://x.y", "javascript:", "\\boxed{", "}", "\n\n", "    ", "> ", "- ", "[a]: u"]),
    max_size=25,
).map("".join)  # fmt: skip


@settings(max_examples=600)
@given(PIECES)
def test_nothing_acts_whatever_is_said(text: str) -> None:
    written = safe_markdown(text)
    assert acts(written) == set(), written


@given(PIECES)
def test_code_stays_code(text: str) -> None:
    assert acts(fenced(text, text)) == set()
    assert acts(code_span(text)) == set()
    assert acts(formula(text)) == set()


@pytest.mark.timeout(60)
def test_long_hostile_texts_come_to_an_end() -> None:
    for piece in ("`" * 2 + "a", "\\[", "$a", "\\boxed{", "```\n", "[asy]", "\\begin{align}", "$$"):
        safe_markdown(piece * (20_000 // len(piece)))
