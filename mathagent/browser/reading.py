"""What the keys do inside a trace: scroll, find, fold, hide, copy."""

from __future__ import annotations

from typing import Literal

from rich.text import Text
from textual.app import App
from textual.widgets import Static

from mathagent.browser.askbar import AskBar
from mathagent.browser.columns import line
from mathagent.browser.tracepane import TracePane
from mathagent.browser.traceview import TraceView
from mathagent.errors import UsageError
from mathagent.shown import clean


class Reading(App[None]):
    """The part of the browser that knows one trace, or two beside each other, and nothing of lists."""

    def __init__(self) -> None:
        super().__init__()
        self.said = Static("", id="said", markup=False)
        self.own, self.beside = TracePane(id="own"), TracePane(id="other")
        self.ask = AskBar()
        self.hidden: set[str] = set()

    def say(self, text: str) -> None:
        """One line for a person; "" takes it away."""
        self.said.update(Text(line(text), no_wrap=True, overflow="ellipsis"))
        self.said.display = bool(text)

    @property
    def view(self) -> TraceView:
        """The trace that keys act on: the one that has the focus, else the run's own."""
        return self.beside.view if self.beside.view.has_focus else self.own.view

    def action_page(self, step: int) -> None:
        """Scroll the trace by a screen."""
        view = self.view
        view.scroll_relative(y=step * max(1, view.size.height - 2), animate=False)

    def action_find(self) -> None:
        """Look for something in the trace."""
        view = self.view
        self.ask.ask(
            "find", view.words, lambda words: self._found(view, words), lambda words: self._find(view, words)
        )

    def _find(self, view: TraceView, words: str) -> None:
        try:
            view.find(words)
        except UsageError as error:
            self.say(str(error))
        else:
            self._say_place(view)

    def _found(self, view: TraceView, words: str | None) -> None:
        if words is None:
            self._find(view, "")
        view.focus()

    def action_hit(self, step: int) -> None:
        """Go to the next place that was found."""
        self.view.next_hit(step)
        self._say_place(self.view)

    def _say_place(self, view: TraceView) -> None:
        place, count = view.place
        self.say(
            (f"{view.words}: {place} of {count}" if count else f"{view.words}: not in this trace")
            if view.words
            else ""
        )

    def action_cell(self, step: int) -> None:
        """Go to the next code cell."""
        self.say("" if self.view.to_cell(step) else "no code cell there")

    def action_fold(self) -> None:
        """Open or close a long output."""
        self.say("" if self.view.toggle_fold() else "nothing on the screen is folded")

    def action_folds(self) -> None:
        """Open or close all of them."""
        self.view.toggle_folds()

    def action_hide(self, kind: Literal["thinking", "detail"]) -> None:
        """Leave out thinking or details, or show them again."""
        self.hidden ^= {kind}
        for pane in (self.own, self.beside):
            pane.view.hide(kind, kind in self.hidden)
        name = {"detail": "details"}.get(kind, kind)
        self.say(f"{name} hidden" if kind in self.hidden else f"{name} shown")

    def action_copy(self) -> None:
        """Copy the code of the current cell."""
        source = self.view.source()
        self._copy(source, "this cell's code")

    def action_copy_all(self) -> None:
        """Copy the code of all cells."""
        self._copy("\n\n".join(each.strip("\n") for each in self.view.sources()), "the code of all cells")

    def _copy(self, source: str | None, what: str) -> None:
        if not source:
            self.say("there is no code here")
            return
        self.copy_to_clipboard(clean(source))
        self.say(f"copied {what}: {source.count(chr(10)) + (not source.endswith(chr(10)))} lines")
