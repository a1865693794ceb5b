"""What the keys do and what a filter can say, over the browser."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from mathagent.browser.keys import KEYS
from mathagent.collection import query

_COPYING = (
    "Copying goes through the terminal (OSC 52), over ssh too; in tmux it needs `set -g set-clipboard on`. "
    "What the mouse has marked, Ctrl-C copies."
)


class HelpScreen(ModalScreen[None]):
    """The help; any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, "dismiss", show=False) for key in ("escape", "q", "?", "enter")
    ]

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        with VerticalScroll():
            yield Static(_text(), markup=False)


def _text() -> RenderableType:
    keys = Table.grid(padding=(0, 2))
    for group, lines in KEYS.items():
        keys.add_row(Text(group, style="bold"))
        for each in lines:
            keys.add_row(Text(f"  {each.shown}", style="cyan"), Text(each.does))
    language = (query.__doc__ or "").partition("\n\n")[2].rstrip()
    return Group(
        keys, Text("Filters", style="bold"), Text(language), Text(), Text(_COPYING), Text("Esc closes.")
    )
