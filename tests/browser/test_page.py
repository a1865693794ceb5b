"""A trace as a page: what is drawn, folded, and found in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mathagent.browser.blocks import blocks_of
from mathagent.browser.page import Page, draw
from mathagent.browser.search import hits, pattern_of
from mathagent.collection import open_collection
from mathagent.collection.entry import entry_of
from mathagent.errors import UsageError
from mathagent.run.folder import read_rows
from mathagent.trace import Trace
from tests.browser.conftest import LONG, with_steps
from tests.collection.made import solved, write_run
from tests.trace.conftest import make_trace


def page_of(trace: Trace, width: int = 60) -> Page:
    page = Page(draw(blocks_of(trace, entry_of(0, trace)), width, lambda: False))
    page.arrange()
    return page


def text(page: Page) -> str:
    return "\n".join(map(page.text, page.lines))


def test_every_step_is_on_the_page() -> None:
    shown = " ".join(text(page_of(make_trace())).split())
    parts = (
        "What is 6 * 7?", "prefilled by the prompt", "code 1", "6 * 7", "cut off after the block",
        "12 prompt tokens (0 cached), 5 written in 0.25 s", "output 1 · 0.01 s", "42", "thinking", "I think",
        "Größe ∑ 中文: 42.", "the stream was cut (try again)", "answer", "the model ended its reply", "temperature 0.5",
    )  # fmt: skip
    at = 0
    for part in parts:
        assert part in shown[at:], part
        at = shown.index(part, at)


def test_the_verdict_is_that_of_the_last_grading(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [solved("a")])
    (row,) = read_rows(run)
    (run / "results.jsonl").write_text(row.graded("wrong", "anew").model_dump_json() + "\n")
    collection = open_collection(run)
    (entry,) = collection.entries
    page = Page(draw(blocks_of(collection.trace(entry), entry), 60, lambda: False))
    page.arrange()
    assert "✗ wrong  expected 42" in text(page)
    assert "by hand" not in text(page)  # what the first grading said of its own verdict


@pytest.mark.parametrize("width", [1, 5, 30, 200])
def test_lines_fit(width: int) -> None:
    page = page_of(
        with_steps(solved("a"), ("text", "word " * 50 + "中文" * 100), ("code", "x" * 300), ("output", LONG)),
        width,
    )
    for drawn in page.drawn:
        assert all(row.cell_length <= width for row in drawn.rows)


def test_drawing_ends_when_nobody_waits() -> None:
    trace = make_trace()
    states = iter([False, False, True])
    assert len(draw(blocks_of(trace, entry_of(0, trace)), 60, lambda: next(states))) == 2


def test_words_are_found_across_lines() -> None:
    page = page_of(with_steps(solved("a"), ("text", "alpha " * 20), ("output", LONG)), 30)
    found = hits(page, pattern_of("alpha  ALPHA"))
    assert len(found) == 10
    assert any(len(hit.spans) == 2 for hit in found)
    for hit in found:
        rows = page.drawn[hit.block].texts
        assert " ".join(rows[row][start:end] for row, start, end in hit.spans) == "alpha alpha"
    assert len(hits(page, pattern_of("/row \\d$/"))) == 0
    assert len(hits(page, pattern_of("row 99"))) == 1  # inside of the fold
    page.hidden = {"output"}
    assert hits(page, pattern_of("row 99")) == []


def test_patterns_of_nothing_and_broken_ones() -> None:
    page = page_of(make_trace())
    assert hits(page, pattern_of("/x*/")) is not None
    with pytest.raises(UsageError, match="no regular expression"):
        pattern_of("/(/")
    assert pattern_of("/").search("a/b")
