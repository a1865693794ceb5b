"""The browser's screen, and what its keys do."""

from __future__ import annotations

from pathlib import Path

from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.widgets import Footer

from mathagent.browser.columns import columns_of
from mathagent.browser.filterbar import FilterBar
from mathagent.browser.helpscreen import HelpScreen
from mathagent.browser.keys import bindings
from mathagent.browser.pairing import Pairing, following, next_run
from mathagent.browser.reading import Reading
from mathagent.browser.tracelist import Header, Rows, TraceList
from mathagent.collection import Collection, Entry, open_collection
from mathagent.errors import MathAgentError

_WIDE = 120
"""Cells from which on the list stands beside the trace."""


class Browser(Reading):
    """Browse the traces of a collection.

    Args:
        collection: what to browse. query: the filter to begin with. other: a run to show beside it.
    """

    TITLE = "mathagent browse"
    CSS_PATH = "browser.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = bindings()

    def __init__(self, collection: Collection, query: str = "", other: Collection | None = None) -> None:
        super().__init__()
        self.collection, self.pairing = collection, Pairing(collection)
        self.other, self.other_pairing = other, Pairing(other) if other else None
        self.columns = columns_of(collection)
        self.order: tuple[int | None, bool] = (None, False)
        # The trace that a person chose last: a filter that lets it through keeps it chosen.
        self.wanted: str | None = None
        self.filter = FilterBar(query)
        self.list = TraceList(self.columns)
        self.main = Container(id="main")

    def compose(self) -> ComposeResult:
        """The screen from top to bottom."""
        yield self.filter
        yield self.said
        with self.main:
            yield self.list
            with Horizontal(id="panes"):
                yield self.own
                yield self.beside
        yield self.ask
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin with the list."""
        self.list.rows.focus()
        self.main.set_class(self.other is not None, "beside")
        self._sift()

    def on_resize(self) -> None:
        """Put the list where there is room for it."""
        self.main.set_class(self.size.width < _WIDE or self.main.has_class("beside"), "stacked")

    # The list

    def _sift(self) -> None:
        column, turned = self.order
        entries = self.collection.entries
        if column is not None:
            entries = sorted(entries, key=self.columns[column].key, reverse=turned)
        elif turned:
            entries = entries[::-1]
        self.list.header.order = self.order
        self.list.header.refresh()
        self.filter.sift(self.collection, entries)

    def on_filter_bar_found(self, message: FilterBar.Found) -> None:
        """Show what a search has found, the chosen trace staying chosen."""
        rows = self.list.rows
        (rows.put if message.first else rows.extend)(message.entries, self.wanted)

    def on_filter_bar_said(self, message: FilterBar.Said) -> None:
        """Say what is wrong with a filter."""
        self.say(message.text)

    def on_filter_bar_left(self) -> None:
        """Back to the list."""
        self.action_leave()

    def on_rows_chosen(self, message: Rows.Chosen) -> None:
        """Show the chosen trace."""
        if message.by_person and message.entry is not None:
            self.wanted = message.entry.id
        self.show(message.entry)

    def on_rows_read(self) -> None:
        """Go into the chosen trace."""
        self.own.view.focus()

    def on_header_sorted(self, message: Header.Sorted) -> None:
        """Sort by a column, or turn the order round if it is that one's already."""
        same = self.order[0] == message.column
        self.order = (message.column, same and not self.order[1])
        self._sift()

    def show(self, entry: Entry | None) -> None:
        """Show a trace, and its counterpart of the other run."""
        samples = len(self.pairing.samples(entry)) if entry is not None else 0
        self.own.show(self.collection, entry, samples, "no trace is left: / changes the filter")
        if self.other is None or self.other_pairing is None or not self.main.has_class("beside"):
            return
        same = self.other_pairing.counterpart(entry) if entry is not None else None
        samples = len(self.other_pairing.samples(entry)) if entry is not None else 0
        self.beside.show(self.other, same, samples, f"{self.other.name} has no such sample of this problem")

    # What the keys do

    def action_step(self, step: int) -> None:
        """Choose the next trace of the list."""
        self.list.rows.action_step(step)

    def action_sample(self, step: int) -> None:
        """Show the next sample of the problem, whether the filter lets it through or not."""
        if self.own.entry is None:
            return
        samples = self.pairing.samples(self.own.entry)
        place = next(n for n, each in enumerate(samples) if each.place == self.own.entry.place) + step
        if not 0 <= place < len(samples):
            self.say("this is the last sample of the problem" if step > 0 else "this is its first sample")
        else:
            self._go(samples[place])

    def action_wrong(self, step: int) -> None:
        """Choose the next wrong trace of the list."""
        rows = self.list.rows
        place = following(rows.entries, rows.cursor, step, "wrong")
        if place is None:
            self.say("no wrong one comes after it" if step > 0 else "no wrong one comes before it")
        else:
            self.say("")
            rows.cursor = place

    def _go(self, entry: Entry) -> None:
        """Show an entry; the list's cursor goes along if it is there."""
        self.say("")
        entries = self.list.rows.entries
        place = next((n for n, each in enumerate(entries) if each.place == entry.place), None)
        if place is not None:
            self.list.rows.cursor = place
        else:
            self.show(entry)
            self.say("the filter leaves this one out of the list")

    def action_filter(self) -> None:
        """Write the filter."""
        self.main.remove_class("zoomed")
        self.filter.edit()

    def action_sort(self) -> None:
        """Sort by the next column, after the last one in the order of the file."""
        column = self.order[0]
        after = 0 if column is None else column + 1
        self.order = (after if after < len(self.columns) else None, False)
        self.say(
            f"sorted by {self.columns[after].name or 'verdict'}"
            if after < len(self.columns)
            else "in the file's order"
        )
        self._sift()

    def action_turn(self) -> None:
        """Turn the order round."""
        self.order = (self.order[0], not self.order[1])
        self._sift()

    def action_leave(self) -> None:
        """Back to the list; a search in the trace ends."""
        self.own.view.find("")
        self.beside.view.find("")
        self.say("")
        self.main.remove_class("zoomed")
        self.list.rows.focus()

    def action_zoom(self) -> None:
        """The trace alone, or the list too."""
        self.main.toggle_class("zoomed")
        (self.own.view if self.main.has_class("zoomed") else self.list.rows).focus()

    def action_help(self) -> None:
        """Say what the keys do."""
        self.push_screen(HelpScreen())

    # Runs

    def action_beside(self) -> None:
        """Show the other run or put it away; ask for one if there is none."""
        if self.other is not None:
            self._put_beside(not self.main.has_class("beside"))
            return
        following_run = next_run(self.collection.path)
        self.ask.ask("run beside it:", str(following_run or ""), self._open_beside)

    def _open_beside(self, answer: str | None) -> None:
        self.list.rows.focus()
        if answer and answer.strip():
            self.say("reading…")
            self._open(Path(answer.strip()).expanduser(), beside=True)

    def action_reload(self) -> None:
        """Read the runs again."""
        self.say("reading…")
        self._open(self.collection.path, beside=False)

    @work(thread=True, exclusive=True, group="open")
    def _open(self, path: Path, *, beside: bool) -> None:
        try:
            opened = open_collection(path)
            other = open_collection(self.other.path) if self.other is not None and not beside else None
        except MathAgentError as error:
            self.call_from_thread(self.say, str(error))
            return
        self.call_from_thread(self._opened, None if beside else opened, opened if beside else other)

    def _opened(self, own: Collection | None, other: Collection | None) -> None:
        if other is not None:
            self.other, self.other_pairing = other, Pairing(other)
        if own is None:
            self.say("")
            self._put_beside(True)
            return
        more = len(own.entries) - len(self.collection.entries)
        self.collection, self.pairing, self.columns = own, Pairing(own), columns_of(own)
        self.order = (None, False)
        self.list.use(self.columns)
        self._sift()
        self.say(f"read again: {len(own.entries):,} traces, {more:+,}")

    def _put_beside(self, shown: bool) -> None:
        self.main.set_class(shown, "beside")
        self.on_resize()
        if not shown and self.beside.view.has_focus:
            self.own.view.focus()
        self.show(self.own.entry)
