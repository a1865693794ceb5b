"""How each part of a solve looks in a terminal: prose, code, output, answer, the line of figures.

Everything that a model or a cell wrote is cleaned of terminal escape sequences first, and is never console markup.
"""

from __future__ import annotations

from markdown_it import MarkdownIt
from rich import box
from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.syntax import Syntax
from rich.text import Text

from mathagent.events import Choice
from mathagent.run.calibration import LOW_MASS
from mathagent.shown import clean
from mathagent.trace.schema import GradeRecord, UsageRecord
from mathagent.views.latex import plain_math, readable

_STATUS = {
    "ok": ("output", "green"),
    "error": ("error", "red"),
    "timeout": ("timed out", "yellow"),
    "died": ("kernel died", "red"),
    "interrupted": ("interrupted", "yellow"),
    "output_limit": ("too much output", "yellow"),
    "unknown": ("output", "dim"),  # of an imported trace
}


# `x<y and z>w` is no HTML, and what a link would hide must be seen: these stay as they were written.
_AS_WRITTEN = ["html_inline", "html_block", "link", "autolink", "image", "reference"]


class _Words(Markdown):
    """Markdown that shows every word of its text, and neither follows nor hides an address."""

    def __init__(self, text: str) -> None:
        super().__init__("", code_theme="ansi_dark", hyperlinks=False)
        self.markup = text
        self.parsed = MarkdownIt().enable(["strikethrough", "table"]).disable(_AS_WRITTEN).parse(text)


def prose(text: str) -> RenderableType:
    """The model's words as Markdown, formulas made readable."""
    return _Words(readable(clean(text)))


def reasoning(text: str) -> RenderableType:
    """Thinking that a server reports apart."""
    return Panel(
        Text(clean(text).strip(), style="dim"), title="thinking", title_align="left", border_style="dim"
    )


def highlighted(source: str) -> Syntax:
    """Python in colours."""
    plain = clean(source).strip("\n")
    return Syntax(plain, "python", theme="ansi_dark", word_wrap=True, background_color="default")


def code(source: str, index: int) -> RenderableType:
    """A code block, highlighted."""
    title = f"code {index + 1}"
    return Panel(highlighted(source), title=title, title_align="left", border_style="blue", box=box.ROUNDED)


def output_title(status: str, seconds: float | None, index: int) -> tuple[str, str]:
    """How an execution ended and how long it took (None where nobody recorded it), and the colour that says so."""
    label, colour = _STATUS.get(status, (status, "red"))
    return f"{label} {index + 1}" + ("" if seconds is None else f" · {seconds:.2f} s"), colour


def output_text(shown: str) -> Text:
    """What the model was shown of an execution."""
    return Text(clean(shown).rstrip("\n") or "(no output)")


def output(shown: str, status: str, seconds: float | None, index: int) -> RenderableType:
    """What the model was shown of an execution, with how it ended; no seconds where nobody recorded them."""
    title, colour = output_title(status, seconds, index)
    return Panel(output_text(shown), title=title, title_align="left", border_style=colour, box=box.ROUNDED)


def choice(event: Choice) -> Text:
    """A choice: what was chosen, and how likely each option was among them."""
    shares = ", ".join(
        f"{clean(option).strip()} {'' if exact else 'at most '}{share:.4f}"
        for option, share, exact in zip(event.options, event.probabilities, event.exact, strict=True)
    )
    line = Text.assemble((clean(event.raw).strip(), "bold"), (f"  {shares}", "dim"))
    if event.mass < LOW_MASS:
        line.append(f"  only {event.mass:.1%} of the probability is on these options", style="yellow")
    return line


def answer(text: str) -> RenderableType:
    """The boxed answer, clear to see."""
    plain = plain_math(clean(text))
    lines: list[RenderableType] = [Text(plain, style="bold")]
    if plain != clean(text).strip():
        lines.append(Text(clean(text), style="dim"))
    return Panel(
        Group(*lines),
        title="answer",
        title_align="left",
        border_style="bold green",
        box=box.HEAVY,
        expand=False,
    )


def ending(reason: str, detail: str, answered: bool) -> RenderableType:
    """Why the solve ended, where that is not simply its answer."""
    return Text(f"{clean(reason)}: {clean(detail)}", style="yellow" if answered else "bold yellow")


def grade(record: GradeRecord) -> RenderableType:
    """The verdict on the answer, and why when it is no."""
    mark = {"correct": ("✓ correct", "bold green"), "wrong": ("✗ wrong", "bold red")}
    label, style = mark.get(record.verdict, ("? undecided", "bold yellow"))
    text = Text.assemble((label, style), f"  expected {clean(record.gold)}")
    if record.detail:
        text.append(f" · {clean(record.detail)}", style="dim")
    return text


def figures(usage: UsageRecord, seconds: float, tokens: int | None = None) -> Text:
    """One line: tokens, speed, executions, cache, time. `tokens` overrides the count while it still grows."""
    made = usage.completion_tokens if tokens is None else tokens
    parts = [f"{made} tokens"]
    if usage.model_seconds > 0 and tokens is None:
        parts.append(f"{made / usage.model_seconds:.1f} tokens/s")
    elif tokens and seconds > 0:
        parts.append(f"{made / seconds:.1f} tokens/s")
    parts.append(f"{usage.executions} execution{'' if usage.executions == 1 else 's'}")
    if usage.cached_tokens is not None and usage.prompt_tokens:
        parts.append(f"{usage.cached_tokens / usage.prompt_tokens:.0%} of prompt tokens cached")
    parts.append(f"{seconds:.1f} s")
    return Text(" · ".join(parts), style="dim")
