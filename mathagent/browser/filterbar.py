"""The line at the top: the run's name, the filter, and how many traces it leaves; the search runs in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label
from textual.worker import get_current_worker

from mathagent.browser.columns import line
from mathagent.browser.sieve import Piece, sift
from mathagent.collection import Collection, Entry, Query, parse_query
from mathagent.errors import MathAgentError


class FilterBar(Horizontal):
    """The filter. `sift` begins a search; its `Found` messages tell of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "undo", "Back", show=True),
        Binding("down", "leave", show=False),
    ]

    class Found(Message):
        """More traces that are wanted; first: they replace those of the search before."""

        def __init__(self, entries: list[Entry], first: bool) -> None:
            super().__init__()
            self.entries = entries
            self.first = first

    class Said(Message):
        """A line for a person: what is wrong with the filter; "" for nothing."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The list is wanted again."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.field = Input(
            placeholder="/ filter: wrong level:5 rounds>=2 code:solve",
            compact=True,
            id="filter",
            select_on_focus=False,
        )
        self.count = Label("", markup=False)
        self.name_label = Label("", markup=False)
        self.entries: list[Entry] = []
        self._collection: Collection | None = None
        self._ordered: Sequence[Entry] = ()
        self._query = Query()
        self._before = text
        self._wrong = False
        self._search = self._shown = 0  # the number of the last search, and of the one whose traces are shown

    def compose(self) -> ComposeResult:
        """Name, field, count."""
        with self.prevent(Input.Changed):
            self.field.value = self._before
        yield self.name_label
        yield self.field
        yield self.count

    def sift(self, collection: Collection, ordered: Sequence[Entry]) -> None:
        """Search these traces of a collection, in this order."""
        self._collection, self._ordered = collection, ordered
        self.name_label.update(Text(line(collection.name), style="bold"))
        self._read(self.field.value)
        self._begin()

    def edit(self) -> None:
        """Let a person write the filter."""
        self._before = self.field.value
        self.field.cursor_position = len(self.field.value)
        self.field.focus()

    def action_undo(self) -> None:
        """Leave with the filter that was there before."""
        self.field.value = self._before
        self.post_message(self.Left())

    def action_leave(self) -> None:
        """Leave with this filter."""
        self.post_message(self.Left())

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_leave()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._collection is not None and self._read(event.value):
            self._begin()

    def _read(self, text: str) -> bool:
        """Take a query; one that can't be read is told of, and the last good one stays."""
        try:
            self._query = parse_query(text)
        except MathAgentError as error:
            self._wrong = True
            self.post_message(self.Said(str(error)))
            return False
        if self._wrong:
            self._wrong = False
            self.post_message(self.Said(""))
        return True

    def _begin(self) -> None:
        self._search += 1
        self._run(self._search)

    @work(thread=True, exclusive=True, group="filter")
    def _run(self, search: int) -> None:
        worker, collection = get_current_worker(), self._collection
        assert collection is not None
        try:
            for piece in sift(collection, self._ordered, self._query, lambda: worker.is_cancelled):
                self.app.call_from_thread(self._take, search, piece)
        except MathAgentError as error:
            self.post_message(self.Said(f"{error} · r reads the file again"))

    def _take(self, search: int, piece: Piece) -> None:
        """Show a piece, unless it is of a search that nobody waits for any more."""
        if search != self._search:
            return
        done = piece.seen == piece.total
        share = "" if done else f" · {piece.seen / piece.total:.0%} searched"
        first = self._shown != search
        if first and not piece.found and not done:
            self.count.update(Text(f"… of {piece.total:,}{share}"))
            return  # the last result stays until there is something else
        self.entries = piece.found if first else self.entries + piece.found
        self._shown = search
        self.count.update(Text(f"{len(self.entries):,} of {piece.total:,}{share}"))
        if first or piece.found:
            self.post_message(self.Found(self.entries, first))
