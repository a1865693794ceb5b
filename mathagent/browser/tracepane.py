"""One trace on the screen: two lines about it, and its page below; read and drawn in a thread."""

from __future__ import annotations

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static
from textual.worker import get_current_worker

from mathagent.browser.blocks import blocks_of
from mathagent.browser.columns import MARKS, line
from mathagent.browser.page import Page, draw
from mathagent.browser.traceview import TraceView
from mathagent.collection import Collection, Entry
from mathagent.errors import MathAgentError
from mathagent.views.latex import plain_math


class TracePane(Vertical):
    """A pane for one trace at a time."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.head = Static("", markup=False, classes="head")
        self.view = TraceView()
        self.entry: Entry | None = None
        self._collection: Collection | None = None
        self._drawn = ""  # the id of the trace on the page

    def compose(self) -> ComposeResult:
        """Both parts."""
        yield self.head
        yield self.view

    def show(self, collection: Collection, entry: Entry | None, samples: int = 1, absent: str = "") -> None:
        """Show a trace of a collection; samples: how many its problem has; absent: what to say if there is none."""
        self.entry, self._collection = entry, collection
        if entry is None:
            self.workers.cancel_node(self)
            self._drawn = ""
            self.view.put(Page([]), keep=False)
            self.head.update(_dim(absent))
            return
        self.head.update(_head(collection.name, entry, samples))
        self._load()

    def on_trace_view_resized(self) -> None:
        """Draw the page anew, to fit."""
        if self.entry is not None:
            self._load()

    @work(thread=True, exclusive=True, group="page")
    def _load(self) -> None:
        """Read and draw; nothing of it is shown if another trace is chosen meanwhile."""
        worker, entry, collection, width = (
            get_current_worker(),
            self.entry,
            self._collection,
            self.view.columns,
        )
        if entry is None or collection is None or width < 1:
            return
        try:
            trace = collection.trace(entry)
        except MathAgentError as error:
            self.app.call_from_thread(self._failed, entry, str(error))
            return
        page = Page(draw(blocks_of(trace, entry), width, lambda: worker.is_cancelled))
        if not worker.is_cancelled:
            self.app.call_from_thread(self._put, entry, page)

    def _put(self, entry: Entry, page: Page) -> None:
        if entry is self.entry:
            self.view.put(page, keep=self._drawn == entry.id)
            self._drawn = entry.id

    def _failed(self, entry: Entry, message: str) -> None:
        if entry is self.entry:
            self._drawn = ""
            self.view.put(Page([]), keep=False)
            self.head.update(Text(f"{line(message)} · r reads the file again", style="red"))


def _head(run: str, entry: Entry, samples: int) -> Text:
    """Which trace it is, and what came of it: two lines."""
    mark, colour = MARKS[entry.verdict]
    name = line(entry.problem) or entry.id
    which = f" · sample {entry.sample}, {samples} in all" if samples > 1 or entry.sample else ""
    first = Text.assemble(
        (f"{mark} {entry.verdict} ", colour), (name, "bold"), which, (f" · {line(run)}", "dim")
    )
    parts = [
        f"answer {line(plain_math(entry.answer[:200])) if entry.answer is not None else 'none'}",
        *([f"expected {line(plain_math(entry.gold[:200]))}"] if entry.gold is not None else []),
        f"finish: {line(entry.finish)}",
        *([f"{entry.tokens} tokens"] if entry.known("tokens") is not None else []),
        *([f"{entry.seconds:.1f} s"] if entry.known("seconds") is not None else []),
    ]
    if entry.known("model_seconds") is not None:
        parts[-1] += f": model {entry.model_seconds:.1f}, code {entry.kernel_seconds:.1f}"
    head = Text("\n").join([first, Text(" · ".join(parts))])
    head.no_wrap, head.overflow = True, "ellipsis"
    return head


def _dim(text: str) -> Text:
    return Text(line(text), style="dim")
