"""Draw a solve in a terminal while it happens: what is complete stands, what still grows is redrawn below it."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text as RichText

from mathagent.events import (
    Answer,
    Choice,
    CodeBlock,
    Event,
    Execution,
    Finish,
    OutputDelta,
    Request,
    Started,
    Text,
    TextDelta,
)
from mathagent.shown import clean
from mathagent.trace.recorder import Recorder
from mathagent.views import parts

_KEPT = 20_000  # characters of what still grows; only its tail fits on a screen


class LiveView:
    """Takes the events of one solve, in a `with` block; figures come from the recorder of the same solve."""

    def __init__(self, console: Console, recorder: Recorder) -> None:
        self._console = console
        self._recorder = recorder
        self._growing = ""
        self._style = ""
        self._doing = "waiting for the model"
        self._tokens = 0
        self._answered = False
        self._start = time.monotonic()
        self._live = Live(console=console, refresh_per_second=8, transient=True, get_renderable=self._render)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, traceback)

    def take(self, event: Event) -> None:
        """Draw the next event."""
        match event:
            case Started():
                self._doing = "waiting for the model"
            case TextDelta(text, channel):
                self._tokens += 1
                self._grow(text, {"code": "cyan", "reasoning": "dim"}.get(channel, ""))
                self._doing = {"code": "writing code", "reasoning": "thinking"}.get(channel, "writing")
            case Text(raw, reasoning, kind):
                if reasoning:
                    self._stand(parts.reasoning(reasoning))
                if raw.strip() and kind != "markup":
                    self._stand(parts.reasoning(raw) if kind == "thinking" else parts.prose(raw))
            case Choice():
                self._stand(parts.choice(event))
            case CodeBlock(index, source):
                self._stand(parts.code(source, index))
                self._doing = "running code"
            case OutputDelta(_, text):
                self._grow(text, "green")
            case Execution(index, result, shown):
                self._stand(parts.output(shown, result.status, result.seconds, index))
                self._doing = "waiting for the model"
            case Request():
                self._tokens = self._recorder.usage.completion_tokens
            case Answer(text):
                self._answered = True
                self._stand(parts.answer(text))
            case Finish(reason, detail):
                self._doing = ""
                if reason != "answer":
                    self._stand(parts.ending(reason, detail, self._answered))
            case _:
                pass

    def _grow(self, text: str, style: str) -> None:
        if style != self._style:
            self._growing = ""
        self._growing = (self._growing + text)[-_KEPT:]
        self._style = style

    def _stand(self, part: RenderableType) -> None:
        self._growing = ""
        self._console.print(part)

    def _render(self) -> RenderableType:
        """The region below: the tail of what still grows, then the line of figures."""
        width, height = self._console.size
        rows = max(1, height - 3)
        lines = RichText(clean(self._growing), style=self._style).wrap(self._console, max(10, width - 1))
        tail = RichText("\n").join(lines[-rows:])
        seconds = time.monotonic() - self._start
        line = parts.figures(self._recorder.usage, seconds, self._tokens)
        if not self._doing:
            return Group(tail, line)
        return Group(tail, Spinner("dots", RichText.assemble((f"{self._doing} · ", "dim"), line)))
