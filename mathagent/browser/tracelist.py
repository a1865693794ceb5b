"""The list of traces: only the lines that are on the screen are ever drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from mathagent.browser.columns import MARKS, Column
from mathagent.collection import Entry

_GAP = 1


class Rows(ScrollView, can_focus=True):
    """The lines of the list, with a cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", "Up", show=False),
        Binding("down", "step(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "end(0)", "First", show=False),
        Binding("end", "end(1)", "Last", show=False),
        Binding("enter", "read", "Read", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--cursor"}

    cursor: reactive[int] = reactive(0, always_update=True)

    class Chosen(Message):
        """The cursor is on another trace (None: the list is empty); by a person, or because the list has changed."""

        def __init__(self, entry: Entry | None, by_person: bool) -> None:
            super().__init__()
            self.entry = entry
            self.by_person = by_person

    class Read(Message):
        """A trace is wanted for reading: Enter, or a click on the chosen one."""

    def __init__(self, columns: list[Column]) -> None:
        super().__init__()
        self.columns = columns
        self.entries: Sequence[Entry] = ()
        self._changing = False

    @property
    def chosen(self) -> Entry | None:
        """The entry under the cursor."""
        return self.entries[self.cursor] if 0 <= self.cursor < len(self.entries) else None

    def put(self, entries: Sequence[Entry], keep: str | None) -> None:
        """Show these traces; the cursor goes to the one with the id `keep`, else to the first."""
        self._change(entries, next((place for place, each in enumerate(entries) if each.id == keep), 0))

    def extend(self, entries: Sequence[Entry], keep: str | None) -> None:
        """Show these traces, the present ones being their beginning; the cursor stays or goes to `keep`."""
        known = len(self.entries)
        later = (place for place in range(known, len(entries)) if entries[place].id == keep)
        self._change(entries, next(later, self.cursor))

    def _change(self, entries: Sequence[Entry], cursor: int) -> None:
        self.entries = entries
        self.virtual_size = Size(0, len(entries))
        self._changing = True
        self.cursor = cursor
        self._changing = False

    def validate_cursor(self, place: int) -> int:
        """The nearest place that there is."""
        return max(0, min(place, len(self.entries) - 1))

    def watch_cursor(self) -> None:
        """Bring the line into sight and say which trace is chosen."""
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)
        self.refresh()
        self.post_message(self.Chosen(self.chosen, not self._changing))

    def action_step(self, step: int) -> None:
        """Move the cursor by lines."""
        self.cursor += step

    def action_page(self, step: int) -> None:
        """Move the cursor by screens."""
        self.cursor += step * max(1, self.scrollable_content_region.height - 1)

    def action_end(self, last: int) -> None:
        """Move the cursor to the first or the last line."""
        self.cursor = last * len(self.entries)

    def action_read(self) -> None:
        """Read the chosen trace."""
        self.post_message(self.Read())

    def on_click(self, event: events.Click) -> None:
        """Choose by mouse."""
        place = self.scroll_offset.y + event.get_content_offset_capture(self).y
        if place == self.cursor and event.chain > 1:
            self.action_read()
        elif place < len(self.entries):
            self.cursor = place

    def render_line(self, y: int) -> Strip:
        """A line of the screen."""
        width, place = self.scrollable_content_region.width, self.scroll_offset.y + y
        if place >= len(self.entries):
            return Strip.blank(width, self.rich_style)
        entry, style = self.entries[place], self.rich_style
        if place == self.cursor:
            style = self.get_component_rich_style("rows--cursor")
        segments = []
        for number, (column, wide) in enumerate(_shown(self.columns, width)):
            own = Style.parse(MARKS[entry.verdict][1]) if number == 0 else Style.null()
            segments.append(
                Segment(
                    _cell(column.text(entry), wide, column.side),
                    own + style if place == self.cursor else style + own,
                )
            )
        return Strip(segments).crop_extend(0, width, style)


class Header(Widget):
    """The names of the columns; a click on one sorts by it."""

    class Sorted(Message):
        """The list is wanted in the order of a column (its number)."""

        def __init__(self, column: int) -> None:
            super().__init__()
            self.column = column

    def __init__(self, columns: list[Column]) -> None:
        super().__init__()
        self.columns = columns
        self.order: tuple[int | None, bool] = (None, False)

    def render_line(self, y: int) -> Strip:
        """The one line."""
        segments = []
        for column, wide in _shown(self.columns, self.size.width):
            name = column.name
            if self.order[0] is not None and self.columns[self.order[0]] is column:
                name = (name + ("▾" if self.order[1] else "▴"))[-wide:]
            segments.append(Segment(_cell(name, wide, column.side), self.rich_style))
        return Strip(segments).crop_extend(0, self.size.width, self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Sort by the column under the mouse."""
        end = 0
        for column, wide in _shown(self.columns, self.size.width):
            end += wide + _GAP
            if event.x < end:
                self.post_message(self.Sorted(self.columns.index(column)))
                return


class TraceList(Vertical):
    """Header and lines."""

    def __init__(self, columns: list[Column]) -> None:
        super().__init__()
        self.header, self.rows = Header(columns), Rows(columns)

    def compose(self) -> ComposeResult:
        """Both parts."""
        yield self.header
        yield self.rows

    def use(self, columns: list[Column]) -> None:
        """Show other columns."""
        self.header.columns = self.rows.columns = columns
        self.header.refresh()


def _shown(columns: list[Column], width: int) -> Iterator[tuple[Column, int]]:
    """The columns for which there is room, and their widths."""
    shown = [column for column in columns if column.least <= width]
    left = width - sum(column.width + _GAP for column in shown)
    for column in shown:
        yield column, column.width or max(1, left)


def _cell(text: str, width: int, side: str) -> str:
    """A text at a width, what has no room left out with a sign, and the gap behind it."""
    length = cell_len(text)
    if length > width and side == "tail":
        while cell_len(text) > width - 1:
            text = text[1:]
        text = "…" + text
    elif length > width:
        text = set_cell_size(text, width - 1) + "…"
    return (" " * (width - length) + text if side == "right" else set_cell_size(text, width)) + " " * _GAP
