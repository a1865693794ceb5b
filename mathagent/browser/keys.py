"""The keys of the browser: what is bound, what the last line shows, what the help says, from one table."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Key:
    """Keys and what they do, one action for each. footer: the word for it in the last line; "" keeps it out."""

    shown: str
    does: str
    actions: tuple[tuple[str, str], ...] = ()
    footer: str = ""


KEYS: dict[str, tuple[Key, ...]] = {
    "Traces": (
        Key("j k", "next, previous trace (↓ ↑ in the list)", (("j", "step(1)"), ("k", "step(-1)")), "trace"),
        Key("] [", "next, previous sample of the same problem", (("]", "sample(1)"), ("[", "sample(-1)")), "sample"),
        Key("w W", "next, previous wrong one", (("w", "wrong(1)"), ("W", "wrong(-1)")), "wrong"),
        Key("/", "filter; Enter keeps it, Esc takes the last one back", (("/", "filter"),), "filter"),
        Key("s S", "sort by the next column, turn the order round", (("s", "sort"), ("S", "turn"))),
        Key("r", "read the run again, while it is still being written", (("r", "reload"),)),
    ),
    "The chosen trace": (
        Key("Enter Esc", "go into it, back to the list (Tab goes round)", (("escape", "leave"),)),
        Key("Space Backspace", "a screen down, up", (("space", "page(1)"), ("backspace", "page(-1)"))),
        Key("f n N", "find words or /a pattern/ in it; next, previous place",
            (("f", "find"), ("n", "hit(1)"), ("N", "hit(-1)")), "find"),
        Key("c C", "next, previous code cell", (("c", "cell(1)"), ("C", "cell(-1)"))),
        Key("o O", "open or close the long output on the screen, all of them", (("o", "fold"), ("O", "folds"))),
        Key("t d", "thinking, details (requests, settings) shown or not", 
            (("t", "hide('thinking')"), ("d", "hide('detail')"))),
        Key("y Y", "copy the code of this cell, of all cells", (("y", "copy"), ("Y", "copy_all")), "copy"),
    ),
    "The screen": (
        Key("b", "another run beside it: the same problem and sample", (("b", "beside"),), "beside"),
        Key("z", "the trace alone, without the list", (("z", "zoom"),)),
        Key("?", "this help", (("?", "help"),), "help"),
        Key("q", "quit", (("q", "quit"),), "quit"),
    ),
}  # fmt: skip


def bindings() -> list[BindingType]:
    """The table as Textual's bindings; of several keys for one thing, the last line shows them once."""
    return [
        Binding(
            key,
            action,
            each.footer or each.does,
            show=bool(each.footer) and not number,
            key_display=_shown(each),
        )
        for group in KEYS.values()
        for each in group
        for number, (key, action) in enumerate(each.actions)
    ]


def _shown(key: Key) -> str:
    """How the last line names the keys: the first two of them."""
    return "/".join(key.shown.split()[:2])
