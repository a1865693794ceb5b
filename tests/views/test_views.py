"""How a solve looks: the live view, the plain view, and the parts they share."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console, RenderableType

from kernels_sandbox import CellResult
from mathagent.collection.entry import entry_of
from mathagent.events import (
    Answer,
    CodeBlock,
    Event,
    Execution,
    Finish,
    OutputDelta,
    Prefill,
    Request,
    Started,
    Text,
    TextDelta,
)
from mathagent.trace.schema import GradeRecord, UsageRecord
from mathagent.types import Message, ModelInfo, TokenUsage
from mathagent.views import parts
from mathagent.views.live import LiveView
from mathagent.views.plain import PlainView
from mathagent.views.trace import trace_parts
from mathagent.views.traces import trace_table
from tests.trace.conftest import make_recorder, make_trace

STORY: tuple[Event, ...] = (
    Started(ModelInfo("m", None, "vllm", True), (Message("user", "?"),), None),
    Prefill("Let me see. "),
    TextDelta("I compute", "text"),
    Text("I **compute** $\\frac{1}{2}$.\n"),
    TextDelta("6*7", "code"),
    CodeBlock(0, "6 * 7\n", "```python\n6 * 7\n```\n"),
    Request(TokenUsage(100, 20, 64), 0.5, 0.1, "stop", None),
    OutputDelta("stdout", "half\n"),
    Execution(0, CellResult("ok", result="42", seconds=1.234), "42", "```output\n42\n```\n"),
    Text("So \\boxed{42}.", "hidden thinking"),
    Answer("42"),
    Finish("token_limit", "all 20 tokens are used up"),
)


def rendered(*renderables: RenderableType, width: int = 60, colour: bool = False) -> str:
    file = StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    for each in renderables:
        console.print(each)
    return file.getvalue()


def test_plain_view_is_the_reply() -> None:
    file = StringIO()
    view = PlainView(file)
    for event in STORY:
        view.take(event)
    assert file.getvalue() == (
        "Let me see. I **compute** $\\frac{1}{2}$.\n```python\n6 * 7\n```\n```output\n42\n```\nSo \\boxed{42}."
        "\nanswer: 42\n\ntoken_limit: all 20 tokens are used up\n"
    )


def test_live_view_leaves_the_finished_parts_in_order() -> None:
    file = StringIO()
    recorder = make_recorder()
    with LiveView(Console(file=file, width=60), recorder) as view:
        for event in STORY:
            recorder.take(event)
            view.take(event)
    shown = file.getvalue()
    expected = (
        "I compute 1/2.", "╭─ code 1", "6 * 7", "╭─ output 1 · 1.23 s", "42", "thinking", "hidden thinking", "So 42.",
        "┏━ answer", "┃ 42", "token_limit: all 20 tokens are used up",
    )  # fmt: skip
    at = 0
    for part in expected:
        at = shown.index(part, at)
    assert "half" not in shown  # what only grows is drawn on terminals alone


def test_live_view_draws_what_grows() -> None:
    """On a terminal: the tail of the text, and the line of figures below it."""
    file = StringIO()
    recorder = make_recorder()
    console = Console(file=file, width=50, height=10, force_terminal=True, color_system=None)
    view = LiveView(console, recorder)
    with view:
        for number in range(100):
            view.take(TextDelta(f"line {number}\n", "text"))
        growing = rendered(view._render(), width=50)
    assert "line 99" in growing
    assert "line 80" not in growing  # higher than the screen
    assert len(growing.splitlines()) <= 10
    assert "writing · 100 tokens" in growing


@pytest.mark.parametrize("width", [20, 60, 200])
def test_parts_fit_any_width(width: int) -> None:
    long = "word " * 100 + "x" * 500
    usage = UsageRecord(requests=2, prompt_tokens=100, completion_tokens=50, cached_tokens=50, executions=1)
    shown = rendered(
        parts.prose(long),
        parts.code(f"x = {'1' * 500}", 0),
        parts.output(long, "error", 1.0, 0),
        parts.answer("9" * 300),
        parts.reasoning(long),
        parts.ending("time_limit", long, False),
        parts.grade(GradeRecord(verdict="wrong", gold=long, detail=long, seconds=0.1)),
        parts.figures(usage, 10.0),
        width=width,
    )
    assert max(map(len, shown.splitlines())) <= width


def test_markup_is_text() -> None:
    text = "[bold]x[/bold] [/] [link=http://x]y[/link] :smile:"
    for part in (
        parts.prose(text),
        parts.code(text, 0),
        parts.output(text, "ok", 0.0, 0),
        parts.answer(text),
        parts.reasoning(text),
        parts.ending(text, text, True),
        parts.grade(GradeRecord(verdict="undecided", gold=text, detail=text, seconds=0.0)),
    ):
        assert "[bold]x[/bold] [/] [link=http://x]y[/link] :smile:" in rendered(part, width=200)


def test_statuses_and_grades() -> None:
    for status, label in (
        ("ok", "output"),
        ("error", "error"),
        ("timeout", "timed out"),
        ("died", "kernel died"),
        ("interrupted", "interrupted"),
        ("output_limit", "too much output"),
        ("of the future", "of the future"),
    ):
        assert f"─ {label} 3 · 0.50 s ─" in rendered(parts.output("x", status, 0.5, 2))
    assert "(no output)" in rendered(parts.output("", "ok", 0.5, 2))
    correct = GradeRecord(verdict="correct", gold="1", detail="", seconds=0.0)
    assert rendered(parts.grade(correct)) == "✓ correct  expected 1\n"


def test_an_answer_with_latex_shows_both() -> None:
    shown = rendered(parts.answer("\\frac{1}{2}"))
    assert "┃ 1/2 " in shown
    assert "┃ \\frac{1}{2} ┃" in shown
    assert rendered(parts.answer("42")).count("42") == 1


def test_figures() -> None:
    usage = UsageRecord(
        requests=2,
        prompt_tokens=200,
        completion_tokens=50,
        cached_tokens=150,
        executions=2,
        model_seconds=2.5,
    )
    assert rendered(parts.figures(usage, 4.0), width=100) == (
        "50 tokens · 20.0 tokens/s · 2 executions · 75% of prompt tokens cached · 4.0 s\n"
    )
    assert rendered(parts.figures(UsageRecord(), 0.0)) == "0 tokens · 0 executions · 0.0 s\n"


def test_a_trace_reads_like_the_solve() -> None:
    shown = rendered(*trace_parts(make_trace()), width=100)
    assert "prefilled by the prompt" in shown
    assert shown.index("code 1") < shown.index("output 1 ·") < shown.index("┃ 42")
    entry = entry_of(0, make_trace("[bold]What?[/bold]\nNow", "[red]1"))
    table = rendered(trace_table([entry]), width=120)
    assert "[bold]What?[/bold] Now" in table
    assert "[red]1" in table


def test_colours_only_where_there_are_colours() -> None:
    assert "\x1b[" in rendered(parts.code("x = 1", 0), colour=True)
    assert "\x1b[" not in rendered(parts.code("x = 1", 0))


def test_no_word_of_the_prose_is_lost_or_leads_elsewhere() -> None:
    text = (
        "If x<y and z>w, [see](http://a.example) ![this](http://b.example) <http://c.example>\n\n"
        "<div>block</div>\n\n[1]: http://d.example"
    )
    file = StringIO()
    Console(width=200, force_terminal=True, file=file).print(parts.prose(text))
    shown = file.getvalue()
    assert "\x1b]8" not in shown
    for line in text.split("\n\n"):
        assert line in shown
