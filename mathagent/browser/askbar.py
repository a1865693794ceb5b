"""One question in the line above the keys: what to find in the trace, which run to open beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Label


class AskBar(Horizontal):
    """Hidden until something is asked."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Back", show=True)]

    def __init__(self) -> None:
        super().__init__()
        self.label = Label("", markup=False)
        self.field = Input(compact=True, id="ask", select_on_focus=False)
        self._typed: Callable[[str], None] | None = None
        self._ended: Callable[[str | None], None] | None = None

    def compose(self) -> ComposeResult:
        """Question and answer."""
        yield self.label
        yield self.field

    def ask(
        self,
        question: str,
        value: str,
        ended: Callable[[str | None], None],
        typed: Callable[[str], None] | None = None,
    ) -> None:
        """Ask; `typed` gets every state of the answer, `ended` the last one, or None after Esc."""
        self._typed = None
        self.label.update(question)
        with self.prevent(Input.Changed):
            self.field.value = value
        self.field.cursor_position = len(value)
        self._typed, self._ended = typed, ended
        self.display = True
        self.field.focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typed is not None:
            self._typed(event.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._end(event.value)

    def action_cancel(self) -> None:
        """Answer nothing."""
        self._end(None)

    def _end(self, value: str | None) -> None:
        self.display = False
        ended, self._ended, self._typed = self._ended, None, None
        if ended is not None:
            ended(value)
