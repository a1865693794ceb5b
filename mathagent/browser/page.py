"""One trace laid out as lines: blocks drawn at a width, some of them hidden, the long ones folded."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

from rich.console import Console
from textual.strip import Strip

from mathagent.browser.blocks import Block, Kind

FOLDS: Collection[Kind] = ("output", "thinking")
LONG = 12
"""Lines of an output or of thinking that are shown without a fold."""
HEAD = 8
"""Lines that a fold leaves in sight."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A block at a width: its rows, and their text without trailing spaces."""

    block: Block
    rows: list[Strip]
    texts: list[str]

    @property
    def folds(self) -> bool:
        """Whether it is long enough to be folded."""
        return self.block.kind in FOLDS and len(self.rows) > LONG


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page. block: its number. row: of the block; how many it hides, for a fold."""

    block: int
    part: Literal["title", "body", "fold", "gap"]
    row: int = 0


@dataclass
class Page:
    """Drawn blocks, and which of them are seen.

    hidden: kinds that are left out. opened: numbers of long blocks that are shown whole.
    lines: what is seen, renewed by `arrange`.
    """

    drawn: list[Drawn]
    hidden: set[Kind] = field(default_factory=set)
    opened: set[int] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)

    def arrange(self) -> None:
        """Lay the lines out anew."""
        self.lines = []
        for number, drawn in enumerate(self.drawn):
            if drawn.block.kind not in self.hidden:
                self.lines += self._lines_of(number, drawn)

    def _lines_of(self, number: int, drawn: Drawn) -> list[Line]:
        lines = [Line(number, "title")] if drawn.block.title else []
        cut = drawn.folds and number not in self.opened
        lines += [Line(number, "body", row) for row in range(HEAD if cut else len(drawn.rows))]
        if drawn.folds:
            lines.append(Line(number, "fold", len(drawn.rows) - HEAD if cut else 0))
        return [*lines, Line(number, "gap")]

    def line_of(self, block: int, row: int = -1) -> int:
        """Where a row of a block stands (-1: where the block begins); 0 if it is not seen."""
        for number, line in enumerate(self.lines):
            if line.block == block and (row < 0 or (line.part == "body" and line.row == row)):
                return number
        return 0

    def toggle(self, block: int) -> bool:
        """Open or close a long block; False for one that is not."""
        if not self.drawn[block].folds:
            return False
        self.opened ^= {block}
        self.arrange()
        return True

    def text(self, line: Line) -> str:
        """The text of a line."""
        drawn = self.drawn[line.block]
        if line.part == "title":
            return drawn.block.title
        if line.part == "fold":
            return f"▸ {line.row:,} more lines · o opens" if line.row else "▾ o closes"
        return drawn.texts[line.row] if line.part == "body" else ""


def draw(blocks: Iterable[Block], width: int, cancelled: Callable[[], bool]) -> list[Drawn]:
    """Draw blocks at a width in cells; fewer of them once `cancelled` says that nobody waits any more."""
    console = Console(width=width, color_system="truecolor", force_terminal=True, file=io.StringIO())
    drawn = []
    for block in blocks:
        if cancelled():
            break
        rows = [Strip(line) for line in console.render_lines(block.body, pad=False)]
        texts = [row.text.rstrip() for row in rows]
        while rows and not texts[-1]:
            rows.pop(), texts.pop()
        while rows and not texts[0]:
            del rows[0], texts[0]
        drawn.append(Drawn(block, rows, texts))
    return drawn
