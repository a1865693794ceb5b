"""The lines of a trace that are on the screen, scrolled, searched, folded and selected."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from mathagent.browser.page import Line, Page
from mathagent.browser.search import Hit, hits, pattern_of

GUTTER = 2
"""Cells beside the text: a bar in the colour of the block, and a space."""


class TraceView(ScrollView, can_focus=True):
    """One page. `place` says where the search stands: (number of the hit from 1, how many there are)."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"view--hit", "view--current-hit"}

    class Resized(Message):
        """The page is wanted at another width."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page([])
        self.words = ""
        self._hits: list[Hit] = []
        self._marks: dict[tuple[int, int], list[tuple[int, int, int]]] = {}  # (block, row): hit, start, end
        self._hit = -1
        self._cell: int | None = None
        self._width = 0

    @property
    def columns(self) -> int:
        """The width of the text in cells; 0 before there is a screen."""
        return max(0, self.scrollable_content_region.width - GUTTER)

    @property
    def place(self) -> tuple[int, int]:
        """Where the search stands."""
        return self._hit + 1, len(self._hits)

    def put(self, page: Page, *, keep: bool) -> None:
        """Show a page, from its beginning, or (keep) where the last one stood and as far open."""
        if keep:
            page.opened = {each for each in self.page.opened if each < len(page.drawn)}
        else:
            self._cell = None
        page.hidden = self.page.hidden
        self.page = page
        self._arrange()
        self._search()
        if not keep:
            self.scroll_to(y=0, animate=False, force=True)

    def _arrange(self) -> None:
        self.page.arrange()
        self.virtual_size = Size(0, len(self.page.lines))
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Ask for a page that fits."""
        if self.columns != self._width:
            self._width = self.columns
            self.post_message(self.Resized())

    # What is seen

    def hide(self, kind: str, hidden: bool) -> None:
        """Leave out blocks of a kind, or show them again; what is at the top stays there."""
        top = self._top()
        (self.page.hidden.add if hidden else self.page.hidden.discard)(kind)  # type: ignore[arg-type]
        self._arrange()
        self._search()
        if top is not None:
            self._scroll_to_line(self.page.line_of(top.block))

    def toggle_fold(self) -> bool:
        """Open or close the first long block on the screen; False where there is none."""
        seen = dict.fromkeys(line.block for line in self._on_screen() if line.part != "gap")
        return any(self._toggle(block) for block in seen)

    def toggle_folds(self) -> None:
        """Open all long blocks, or close them if all are open."""
        top = self._top()
        long = {number for number, drawn in enumerate(self.page.drawn) if drawn.folds}
        self.page.opened = set() if long <= self.page.opened else long
        self._arrange()
        if top is not None:
            self._scroll_to_line(self.page.line_of(top.block))

    def _toggle(self, block: int) -> bool:
        if not self.page.toggle(block):
            return False
        self.virtual_size = Size(0, len(self.page.lines))
        if (start := self.page.line_of(block)) < self.scroll_offset.y:
            self._scroll_to_line(start)
        self.refresh()
        return True

    # Cells

    @property
    def cell(self) -> int | None:
        """The number of the current code block: the one that was gone to, else the first on the screen or above it."""
        seen = {line.block for line in self._on_screen()}
        if self._cell is not None and self._cell in seen:
            return self._cell
        cells = self._cells()
        if not cells or not self.page.lines:
            return None
        first = min(seen, default=0)
        at = bisect_left(cells, first)
        return cells[at] if at < len(cells) and cells[at] in seen else cells[max(0, at - 1)]

    def source(self) -> str | None:
        """The code of the current cell."""
        return None if (cell := self.cell) is None else self.page.drawn[cell].block.source

    def sources(self) -> list[str]:
        """The code of all cells."""
        return [self.page.drawn[cell].block.source for cell in self._cells()]

    def to_cell(self, step: int) -> bool:
        """Go to the next cell, or to the one before; False where there is none."""
        cells, current = self._cells(), self.cell
        if current is None:
            return False
        at = cells.index(current)
        if self._cell == current or self.page.line_of(current) < self.scroll_offset.y:
            at += step
        if not 0 <= at < len(cells):
            return False
        self._cell = cells[at]
        self._scroll_to_line(self.page.line_of(self._cell))
        self.refresh()
        return True

    def _cells(self) -> list[int]:
        return [number for number, drawn in enumerate(self.page.drawn) if drawn.block.kind == "code"]

    # Search

    def find(self, words: str) -> None:
        """Look for words or a `/pattern/` and go to the first place from here; "" ends it. Raises UsageError."""
        pattern_of(words)  # what can't be read changes nothing
        self.words = words
        self._hit = -1
        self._search()
        if self._hits:
            top = self._top()
            first = (top.block, top.row) if top is not None else (0, 0)
            later = (n for n, hit in enumerate(self._hits) if (hit.block, hit.spans[0][0]) >= first)
            self._to_hit(next(later, 0))

    def next_hit(self, step: int) -> None:
        """Go to the next place, or to the one before, round the ends."""
        if self._hits:
            self._to_hit((max(self._hit, 0 if step < 0 else -1) + step) % len(self._hits))

    def _search(self) -> None:
        self._hits = hits(self.page, pattern_of(self.words)) if self.words.strip() else []
        self._hit = min(self._hit, len(self._hits) - 1)
        self._marks = {}
        for number, hit in enumerate(self._hits):
            for row, start, end in hit.spans:
                self._marks.setdefault((hit.block, row), []).append((number, start, end))
        self.refresh()

    def _to_hit(self, number: int) -> None:
        self._hit = number
        hit = self._hits[number]
        row = hit.spans[0][0]
        line = self.page.line_of(hit.block, row)
        found = self.page.lines[line]
        if (found.block, found.row, found.part) != (hit.block, row, "body"):  # inside of a fold
            self._toggle(hit.block)
            line = self.page.line_of(hit.block, row)
        self.scroll_to_region(Region(0, line - 2, 1, 5), animate=False, force=True)
        self.refresh()

    # Lines

    def _top(self) -> Line | None:
        return next(self._on_screen(), None)

    def _on_screen(self) -> Iterator[Line]:
        start = self.scroll_offset.y
        yield from self.page.lines[start : start + self.scrollable_content_region.height]

    def _scroll_to_line(self, line: int) -> None:
        self.scroll_to(y=line, animate=False, force=True)

    def on_click(self, event: events.Click) -> None:
        """Open or close a long block by its title or its fold, and make a cell the current one."""
        place = self.scroll_offset.y + event.get_content_offset_capture(self).y
        if not 0 <= place < len(self.page.lines):
            return
        line = self.page.lines[place]
        if self.page.drawn[line.block].block.kind == "code":
            self._cell = line.block
            self.refresh()
        elif line.part in ("title", "fold"):
            self._toggle(line.block)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What the mouse has selected."""
        return selection.extract("\n".join(map(self.page.text, self.page.lines))), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A line of the screen."""
        width, place, base = self.scrollable_content_region.width, self.scroll_offset.y + y, self.rich_style
        if place >= len(self.page.lines):
            return Strip.blank(width, base)
        line = self.page.lines[place]
        block = self.page.drawn[line.block].block
        bar = "  " if line.part == "gap" or not block.style else "▎ "
        gutter = Strip([Segment(bar, base + Style.parse(block.style or "dim"))])
        body = self._marked(line, self._body(line, base))
        if (selection := self.text_selection) is not None and (span := selection.get_span(place)) is not None:
            end = len(self.page.text(line)) if span[1] == -1 else span[1]
            body = _painted(body, span[0], end, self.screen.get_component_rich_style("screen--selection"))
        body = body.crop_extend(0, max(0, width - GUTTER), base).apply_offsets(0, place)
        return Strip.join([gutter, body])

    def _body(self, line: Line, base: Style) -> Strip:
        if line.part == "body":
            row = self.page.drawn[line.block].rows[line.row]
            ground = Style(bgcolor=base.bgcolor)  # a terminal's own background would be a patch on ours
            return Strip(Segment.apply_style(row, base, ground))
        block, text = self.page.drawn[line.block].block, self.page.text(line)
        style = base + Style.parse(block.style or "dim")
        if line.part == "title" and line.block == self.cell:
            return Strip(
                [Segment(text, style + Style(bold=True)), Segment(" ◂ y copies", base + Style(dim=True))]
            )
        return Strip([Segment(text, style)])

    def _marked(self, line: Line, strip: Strip) -> Strip:
        if line.part != "body":
            return strip
        for hit, start, end in self._marks.get((line.block, line.row), ()):
            name = "view--current-hit" if hit == self._hit else "view--hit"
            strip = _painted(strip, start, end, self.get_component_rich_style(name))
        return strip


def _painted(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """A strip with another style from one character to another."""
    text = strip.text
    first, last = cell_len(text[:start]), cell_len(text[:end])
    middle = Strip(Segment.apply_style(strip.crop(first, last), post_style=style))
    return Strip.join([strip.crop(0, first), middle, strip.crop(last)])
