"""What came of running a trace's cells again, in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

from rich.console import RenderableType
from rich.text import Text

from mathagent.notebook import CellCheck, Check
from mathagent.shown import clean

_LINES = 12
_COMPARED = 1000  # lines of a text: more would take long, and nobody reads them


def check_parts(found: Check) -> Iterator[RenderableType]:
    """A line for each cell, under it what differs, and a last line that says it all."""
    for line in found.versions:
        yield Text(f"another version now: {clean(line)}", style="dim")
    for cell in found.cells:
        yield _cell(cell)
        for difference in cell.differences:
            yield Text(f"  {clean(difference.what)}:", style="bold")
            yield from _sides(clean(difference.then), clean(difference.now))
    ran = [cell for cell in found.cells if not cell.skipped]
    differing = sum(bool(cell.differences) for cell in ran)
    if not ran:
        yield Text("no cell to run again")
    elif differing:
        yield Text(f"{differing} of {len(ran)} cells differ", style="bold red")
    else:
        yield Text(f"{len(ran)} of {len(ran)} cells say the same", style="bold green")


def _cell(cell: CellCheck) -> Text:
    label = f"cell {cell.index + 1}: "
    if cell.skipped:
        return Text(f"{label}left out, {cell.skipped}", style="dim")
    if cell.differences:
        return Text(f"{label}differs ({cell.then} then, {cell.now} now)", style="red")
    if cell.then not in ("ok", "error", "unknown"):
        return Text(f"{label}the same status, {cell.then}; its text is not compared", style="green")
    but = f" but for {', '.join(cell.normalised)}" if cell.normalised else ""
    return Text(f"{label}the same{but}", style="green")


def _sides(then: str, now: str) -> Iterator[Text]:
    """The lines that differ, - then and + now; the first ones only."""
    if then == now:  # but for characters that a terminal is not sent
        yield Text("    they differ in control characters: --json shows them", style="dim")
        return
    before, after = (text.splitlines()[:_COMPARED] or [""] for text in (then, now))
    lines = list(unified_diff(before, after, n=0, lineterm=""))[2:]
    lines = [line for line in lines if not line.startswith("@@")]
    for line in lines[:_LINES]:
        text = line if len(line) <= 160 else line[:159] + "…"
        yield Text(f"    {text}", style="red" if line[0] == "-" else "green")
    if len(lines) > _LINES:
        yield Text(f"    and {len(lines) - _LINES} more lines: --json has them all", style="dim")
