"""Two runs beside each other, a run that grows, a file that changes under the browser."""

from __future__ import annotations

from pathlib import Path

from mathagent.browser.pairing import Pairing, next_run
from mathagent.collection import Collection, open_collection
from mathagent.trace import append
from tests.browser.conftest import driven
from tests.collection.made import solved, write_run


def another(folder: Path) -> Path:
    """A run that has the problems a and b, one sample each."""
    return write_run(folder, [solved("b", answer="39"), solved("a", answer="38")])


async def test_beside(collection: Collection, tmp_path: Path) -> None:
    other = open_collection(another(tmp_path / "other"))
    async with driven(collection, other=other, size=(160, 45)) as browser:
        assert "answer 42" in browser.screen
        assert "answer 38" in browser.screen
        await browser.press("j")
        assert "answer 41" in browser.screen
        assert "answer 39" in browser.screen
        await browser.press("j")
        assert "other has no such sample of this problem" in browser.screen
        await browser.press("home", "tab", "tab")
        assert browser.app.beside.view.has_focus
        await browser.press("y")
        assert browser.app.clipboard == "6 * 7\n"  # the code of the one that has the focus
        await browser.press("b")
        assert "answer 38" not in browser.screen
        assert browser.app.own.view.has_focus
        await browser.press("b")
        assert "answer 38" in browser.screen


async def test_the_next_run_is_offered(collection: Collection, tmp_path: Path) -> None:
    another(tmp_path / "run2")
    async with driven(collection) as browser:
        await browser.press("b")
        assert browser.app.ask.field.value == str(tmp_path / "run2")
        await browser.press("enter")
        assert "answer 38" in browser.screen
        assert "answer 42" in browser.screen


async def test_a_run_that_is_none(collection: Collection) -> None:
    async with driven(collection) as browser:
        await browser.press("b")
        await browser.paste("/nowhere")
        await browser.press("enter")
        assert browser.said.startswith("there is no trace file /nowhere (")
        await browser.press("b", "escape")
        assert browser.app.list.rows.has_focus


async def test_a_run_that_grows(run: Path) -> None:
    async with driven(open_collection(run), "problem:b") as browser:
        await browser.press("j")
        assert browser.chosen == ("b", 1)
        append(run / "traces.jsonl", solved("b", 2))
        with (run / "traces.jsonl").open("a") as file:
            file.write('{"schema_version": 1, "id": "2026')  # the next one, half written
        await browser.press("r")
        assert browser.listed == [("b", 0), ("b", 1), ("b", 2)]
        assert browser.chosen == ("b", 1)
        assert browser.said == "read again: 7 traces, +1"
        assert "sample 1, 3 in all" in browser.screen


async def test_a_file_that_changes_under_it(run: Path) -> None:
    async with driven(open_collection(run)) as browser:
        (run / "traces.jsonl").write_text("")
        await browser.press("j")
        assert "has changed" in browser.screen
        await browser.press("/")
        await browser.paste("nowhere")
        assert "has changed" in browser.said
        (run / "traces.jsonl").unlink()
        await browser.press("escape", "r")
        assert browser.said.endswith("the run has no traces yet")
        assert len(browser.listed) == 6


def test_problems_without_an_id_are_paired_by_their_text(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    for text in ("one", "two", "one"):
        trace = solved("")
        trace.problem.text = text
        append(file, trace)
    collection = open_collection(file)
    pairing = Pairing(collection)
    first, second, last = collection.entries
    assert pairing.samples(first) == [first, last]
    assert pairing.counterpart(first) is last
    assert pairing.counterpart(second) is second


def test_the_run_that_follows(tmp_path: Path) -> None:
    runs = [another(tmp_path / name) for name in "abc"]
    (tmp_path / "d").mkdir()
    assert [next_run(run) for run in runs] == [runs[1], runs[2], runs[0]]
    assert next_run(runs[0] / "traces.jsonl") is None
    assert next_run(tmp_path / "d") == runs[0]
