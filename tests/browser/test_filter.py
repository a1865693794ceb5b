"""The filter: live, tolerant of what is half written, never in the way of the next key; also over 10,000 traces."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events

from mathagent.browser import sieve
from mathagent.browser.columns import columns_of
from mathagent.browser.sieve import sift
from mathagent.browser.tracelist import Rows
from mathagent.collection import Collection, Entry, Texts, parse_query
from mathagent.trace import Trace
from tests.browser.conftest import driven
from tests.collection.made import entry, solved


class Many(Collection):
    """Many entries without a file; counts how often a trace or a text is asked for."""

    def __init__(self, count: int, gate: int = -1) -> None:
        one = entry()
        entries = [
            replace(
                one,
                place=n,
                id=f"t{n}",
                problem=f"p{n}",
                sample=0,
                verdict="wrong" if n % 100 else "correct",
            )
            for n in range(count)
        ]
        super().__init__(Path("many.jsonl"), entries, [], [])
        self.traces_read = self.texts_read = 0
        self.gate_at, self.gate = gate, threading.Event()

    def trace(self, entry: Entry) -> Trace:
        self.traces_read += 1
        return solved(entry.problem).model_copy(update={"id": entry.id})

    def texts(self, entry: Entry) -> Texts:
        self.texts_read += 1
        if entry.place == self.gate_at:
            self.gate.wait(30)
        return Texts("problem", f"prose {entry.place}", "", "")


async def test_it_filters_while_it_is_written(collection: Collection) -> None:
    async with driven(collection) as browser:
        await browser.press("/")
        await browser.paste("wrong")
        assert browser.listed == [("b", 0), ("c", 1)]
        assert browser.chosen == ("b", 0)
        assert "2 of 6" in browser.screen
        await browser.paste(" -problem:c")
        assert browser.listed == [("b", 0)]
        await browser.press("enter")
        assert browser.app.list.rows.has_focus
        await browser.press("/")
        await browser.type(" level:x")
        assert browser.listed == []
        assert "0 of 6" in browser.screen
        assert "no trace is left" in browser.screen
        await browser.press("escape")  # takes back what was written since /
        assert browser.app.filter.field.value == "wrong -problem:c"
        assert browser.listed == [("b", 0)]


async def test_the_chosen_trace_stays_chosen(collection: Collection) -> None:
    async with driven(collection) as browser:
        await browser.press("end", "/")
        assert browser.chosen == ("c", 1)
        await browser.paste("wrong")
        assert browser.chosen == ("c", 1)


async def test_what_is_half_written_is_told_and_changes_nothing(collection: Collection) -> None:
    async with driven(collection, "wrong") as browser:
        await browser.press("/")
        await browser.paste(" /(/")
        assert "is no regular expression" in browser.said
        assert len(browser.listed) == 2
        await browser.press("backspace")
        assert browser.said == ""


async def test_texts_are_searched_in_a_thread_and_the_next_key_ends_it() -> None:
    many = Many(10_000, gate=5_000)
    async with driven(many) as browser:
        await browser.press("/")
        await browser.pilot.press("x")  # its search stops at the gate
        while many.texts_read < 5_000:
            await browser.pilot.pause(0.01)
        await browser.pilot.press("backspace")  # and the screen goes on meanwhile
        browser.app.post_message(events.Paste("correct"))
        while len(browser.app.list.rows.entries) != 100:
            await browser.pilot.pause(0.01)
        many.gate.set()
        await browser.settle()
        assert many.texts_read == 5_001  # the first search has looked no further
        assert len(browser.listed) == 100


async def test_what_is_found_is_shown_before_the_search_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieve, "EVERY", 0)
    many = Many(40, gate=20)
    async with driven(many) as browser:
        await browser.press("/")
        await browser.pilot.press("7")
        while many.texts_read < 21:
            await browser.pilot.pause(0.01)
        for _ in range(5):
            await browser.pilot.pause(0.01)
        assert 0 < len(browser.app.list.rows.entries) < 20
        assert "searched" in browser.screen
        many.gate.set()
        await browser.settle()
        assert len(browser.listed) == sum("7" in str(number) for number in range(40))
        assert "searched" not in browser.screen


async def test_10_000_traces_cost_what_is_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = 0
    whole = Rows.render_line

    def counted(self: Rows, y: int) -> object:
        nonlocal drawn
        drawn += 1
        return whole(self, y)

    monkeypatch.setattr(Rows, "render_line", counted)
    many = Many(10_000)
    async with driven(many, size=(160, 45)) as browser:
        await browser.press("end", "home", "pagedown", "w", "s", "s", "/")
        await browser.paste("correct")
        assert "100 of 10,000" in browser.screen
        assert drawn < 100 * 45
        assert many.texts_read == 0
        assert many.traces_read < 50


def test_a_search_comes_in_pieces_and_ends_when_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieve, "EVERY", 0)
    many = Many(10)
    pieces = list(sift(many, many.entries, parse_query(""), lambda: False))
    assert [piece.seen for piece in pieces] == list(range(1, 11))
    assert [each for piece in pieces for each in piece.found] == many.entries
    states: Iterator[bool] = iter([False, False, True])
    assert len(list(sift(many, many.entries, parse_query(""), lambda: next(states)))) == 2


def test_the_order_of_columns() -> None:
    many = Many(20)
    problem = next(column for column in columns_of(many) if column.name == "problem")
    assert [each.problem for each in sorted(many.entries, key=problem.key)] == [f"p{n}" for n in range(20)]
    answer = next(column for column in columns_of(many) if column.name == "answer")
    for text in ("²", "9" * 5_000, "", "x²+1", "\\frac{1}{2}"):
        answer.key(replace(many.entries[0], answer=text))
    assert answer.text(replace(many.entries[0], answer="\\frac{1}{2}")) == "1/2"
    assert answer.text(replace(many.entries[0], answer=None, finish="token_limit")) == "(token_limit)"
