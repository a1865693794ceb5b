"""A browser without a terminal, driven by keys and read as a screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from kernels_sandbox import CellResult
from mathagent.browser.app import Browser
from mathagent.collection import Collection, open_collection
from mathagent.trace import Trace
from mathagent.trace.schema import CodeStep, OutputStep, Step, TextStep
from tests.collection.made import solved, write_run

_NAMES = {
    **{"/": "slash", "?": "question_mark", "]": "right_square_bracket", "[": "left_square_bracket"},
    **{" ": "space", ":": "colon", "-": "minus", "(": "left_parenthesis"},
}


class Driven:
    """A running browser: `press` keys, read the `screen`."""

    def __init__(self, app: Browser, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        """Press keys one after another, and wait until all that follows from them is done."""
        for key in keys:
            character = " " if key == "space" else key if len(key) == 1 else None
            self.app.post_message(events.Key(_NAMES.get(key, key), character))
            await self.settle()

    async def type(self, text: str) -> None:
        """Type into the field that has the focus."""
        await self.press(*text)

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        for _ in range(3):
            await self.pilot.pause(0)
            for worker in list(self.app.workers):
                with suppress(WorkerCancelled):
                    await worker.wait()
            await self.pilot.pause(0)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what comes by and by, such as the end of a movement. Fails after ten seconds."""
        async with asyncio.timeout(10):
            while not holds():
                await self.pilot.pause(0.02)

    async def paste(self, text: str) -> None:
        """Paste into the field that has the focus."""
        self.app.post_message(events.Paste(text))
        await self.settle()

    @property
    def screen(self) -> str:
        """What is on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    @property
    def said(self) -> str:
        """The line for a person, "" if there is none."""
        return str(self.app.said.render()) if self.app.said.display else ""

    @property
    def chosen(self) -> tuple[str, int]:
        """Problem and sample of the trace that is shown."""
        assert self.app.own.entry is not None
        return self.app.own.entry.problem, self.app.own.entry.sample

    @property
    def listed(self) -> list[tuple[str, int]]:
        """Problems and samples of the list."""
        return [(each.problem, each.sample) for each in self.app.list.rows.entries]


@asynccontextmanager
async def driven(
    collection: Collection,
    query: str = "",
    other: Collection | None = None,
    size: tuple[int, int] = (80, 24),
) -> AsyncIterator[Driven]:
    """A browser for as long as the block lasts."""
    app = Browser(collection, query, other)
    async with app.run_test(size=size) as pilot:
        browser = Driven(app, pilot)
        await browser.settle()
        yield browser


def with_steps(trace: Trace, *steps: tuple[str, str]) -> Trace:
    """The trace with other steps: ("text" | "thinking" | "code" | "output", what it says)."""
    made: list[Step] = []
    index = -1
    for kind, text in steps:
        if kind == "code":
            index += 1
            made.append(CodeStep(at=0, index=index, raw=text, code=text))
        elif kind == "output":
            result = CellResult("ok", stdout=text, seconds=0.5).to_dict()
            made.append(OutputStep(at=0, index=index, raw=text, shown=text, result=result))
        else:
            made.append(TextStep(at=0, raw=text, kind="thinking" if kind == "thinking" else "text"))
    trace.steps = made
    return trace


LONG = "\n".join(f"row {number}" for number in range(100))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Three problems with two samples each; b:0 and c:1 are wrong; a:0 has two cells, thinking and a long output."""
    long = with_steps(
        solved("a", tokens=300),
        ("thinking", "let me think"),
        (
            "text",
            "We use $\\frac{1}{2}$ and the greatest common divisor of many words that wrap somewhere " * 3,
        ),
        ("code", "first = 1\nprint(first)\n"),
        ("output", LONG),
        ("code", "second = 2\n"),
        ("output", "2"),
        ("text", "So \\boxed{42}."),
    )
    traces = [long, solved("b", answer="41", tokens=200), solved("c", tokens=100)]
    traces += [solved("a", 1, tokens=30), solved("b", 1, tokens=20), solved("c", 1, answer="40", tokens=10)]
    return write_run(tmp_path / "run", traces)


@pytest.fixture
def collection(run: Path) -> Collection:
    """The run, open."""
    return open_collection(run)
