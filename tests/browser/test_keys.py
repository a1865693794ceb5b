"""Every key, in a real app without a terminal."""

from __future__ import annotations

import pytest

from mathagent.browser.app import Browser
from mathagent.browser.keys import KEYS
from mathagent.collection import Collection
from tests.browser.conftest import driven


async def test_the_screen_at_80_by_24(collection: Collection) -> None:
    async with driven(collection) as browser:
        lines = browser.screen.splitlines()
        assert len(lines) == 24
        assert max(map(len, lines)) <= 80
        assert "6 of 6" in lines[0]
        assert "problem" in lines[1]
        assert "question" in lines[1]
        assert all(word in lines[-1] for word in ("filter", "find", "copy", "beside", "help", "quit"))
        assert "✓ correct a · sample 0, 2 in all" in browser.screen
        assert "answer 42 · expected 42 · finish: answer" in browser.screen
        assert "Problem a: what is 6 * 7?" in browser.screen
        await browser.press("z")
        assert "1/2" in browser.screen  # formulas are made readable


async def test_traces_samples_and_wrong_ones(collection: Collection) -> None:
    async with driven(collection) as browser:
        assert browser.chosen == ("a", 0)
        for key, chosen in (
            ("j", ("b", 0)), ("down", ("c", 0)), ("k", ("b", 0)), ("up", ("a", 0)), ("k", ("a", 0)),
            ("]", ("a", 1)), ("[", ("a", 0)), ("w", ("b", 0)), ("w", ("c", 1)), ("W", ("b", 0)),
            ("end", ("c", 1)), ("home", ("a", 0)), ("pagedown", ("b", 1)), ("pageup", ("a", 0)),
        ):  # fmt: skip
            await browser.press(key)
            assert browser.chosen == chosen, key
        await browser.press("[")
        assert "first sample" in browser.said
        await browser.press("end", "w")
        assert browser.said == "no wrong one comes after it"


async def test_a_sample_that_the_filter_leaves_out(collection: Collection) -> None:
    async with driven(collection, "wrong") as browser:
        assert browser.listed == [("b", 0), ("c", 1)]
        await browser.press("]")
        assert browser.chosen == ("b", 1)
        assert "leaves this one out" in browser.said
        await browser.press("[")
        assert (browser.chosen, browser.said) == (("b", 0), "")
        await browser.press("]", "j")
        assert browser.chosen == ("c", 1)


async def test_reading_and_back(collection: Collection) -> None:
    async with driven(collection) as browser:
        view = browser.app.own.view
        await browser.press("enter")
        assert view.has_focus
        await browser.press("space")
        down = view.scroll_offset.y
        assert down > 0
        await browser.press("backspace")
        assert view.scroll_offset.y == 0
        await browser.press("down")
        await browser.until(
            lambda: view.scroll_offset.y == 1
        )  # the arrows scroll what has the focus, not at once
        await browser.press("j")
        assert browser.chosen == ("b", 0)  # and j is always the next trace, from its beginning
        assert view.scroll_offset.y == 0
        await browser.press("escape")
        assert browser.app.list.rows.has_focus
        await browser.press("tab")
        assert view.has_focus
        await browser.press("z")
        assert view.size.height == 20  # the list has gone
        await browser.press("z")
        assert view.size.height < 20
        assert browser.app.list.rows.has_focus


async def test_cells_are_copied(collection: Collection) -> None:
    async with driven(collection) as browser:
        await browser.press("y")
        assert browser.app.clipboard == "first = 1\nprint(first)\n"
        assert browser.said == "copied this cell's code: 2 lines"
        await browser.press("c")
        assert "code 1 ◂ y copies" in browser.screen
        await browser.press("c", "y")
        assert browser.app.clipboard == "second = 2\n"
        await browser.press("c")
        assert browser.said == "no code cell there"
        await browser.press("C", "y")
        assert browser.app.clipboard == "first = 1\nprint(first)\n"
        await browser.press("Y")
        assert browser.app.clipboard == "first = 1\nprint(first)\n\nsecond = 2"


async def test_long_outputs_are_folded(collection: Collection) -> None:
    async with driven(collection, size=(80, 60)) as browser:
        assert "row 7" in browser.screen
        assert "row 8" not in browser.screen
        assert "▸ 92 more lines · o opens" in browser.screen
        await browser.press("o")
        assert "row 20" in browser.screen
        await browser.press("o")
        assert "row 8" not in browser.screen
        await browser.press("O")
        assert browser.app.own.view.page.opened
        await browser.press("O")
        assert not browser.app.own.view.page.opened
        await browser.press("j", "o")
        assert browser.said == "nothing on the screen is folded"


async def test_thinking_and_details(collection: Collection) -> None:
    async with driven(collection, size=(80, 60)) as browser:
        assert "let me think" in browser.screen
        await browser.press("t")
        assert "let me think" not in browser.screen
        assert browser.said == "thinking hidden"
        await browser.press("j")
        assert "I think" not in browser.screen  # it holds for the next trace, too
        assert "12 prompt tokens (0 cached), 5 written in 0.25 s" in " ".join(browser.screen.split())
        assert "settings" in browser.screen
        await browser.press("d", "t")
        assert "I think" in browser.screen
        assert "prompt tokens (" not in browser.screen
        assert "settings" not in browser.screen


async def test_find(collection: Collection) -> None:
    async with driven(collection) as browser:
        view = browser.app.own.view
        await browser.press("f")
        await browser.paste("greatest  COMMON divisor of many words that wrap")
        assert view.place == (1, 3)
        assert browser.said.endswith("1 of 3")
        await browser.press("enter")
        assert view.has_focus
        await browser.press("n", "n")
        assert view.place == (3, 3)
        await browser.press("n")
        assert view.place == (1, 3)
        await browser.press("N")
        assert view.place == (3, 3)
        await browser.press("f", "ctrl+u")
        await browser.paste("/row 7\\d/")
        assert view.place == (1, 10)
        assert "row 70" in browser.screen  # it stood inside of a fold, which was opened
        await browser.press(*["backspace"] * 3, "(", "/")
        assert "is no regular expression" in browser.said
        await browser.press("escape")
        assert (view.words, view.place) == ("", (0, 0))
        await browser.press("f")
        await browser.paste("nowhere")
        assert browser.said == "nowhere: not in this trace"


async def test_sorting(collection: Collection) -> None:
    async with driven(collection) as browser:
        await browser.press("j", "k", "s")
        assert browser.listed[:2] == [("b", 0), ("c", 1)]  # wrong ones first
        assert browser.said == "sorted by verdict"
        await browser.press("s")
        assert [problem for problem, _ in browser.listed] == list("aabbcc")
        await browser.press("S")
        assert [problem for problem, _ in browser.listed] == list("ccbbaa")
        tokens = [column.name for column in browser.app.columns].index("tokens")
        await browser.press(*["s"] * (tokens - 1))
        assert browser.listed == [("c", 1), ("b", 1), ("a", 1), ("c", 0), ("b", 0), ("a", 0)]
        assert "tokens▴" in browser.screen.replace(" ", "")
        assert browser.chosen == ("a", 0)  # the chosen one stays chosen
        await browser.press(*["s"] * (len(browser.app.columns) - tokens))
        assert browser.said == "in the file's order"
        assert browser.listed[0] == ("a", 0)


async def test_the_mouse(collection: Collection) -> None:
    async with driven(collection, size=(160, 45)) as browser:
        rows = browser.app.list.rows
        await browser.pilot.click(rows, offset=(5, 2))
        await browser.settle()
        assert browser.chosen == ("c", 0)
        at = browser.screen.splitlines()[1].index("tokens")
        await browser.pilot.click(browser.app.list.header, offset=(at + 2, 0))
        await browser.settle()
        assert browser.listed[0] == ("c", 1)
        await browser.pilot.click(browser.app.list.header, offset=(at + 2, 0))
        await browser.settle()
        assert browser.listed[0] == ("a", 0)
        await browser.press("home")
        lines = browser.screen.splitlines()
        fold = next(number for number, line in enumerate(lines) if "more lines" in line)
        await browser.pilot.click(browser.app.own.view, offset=(5, fold - browser.app.own.view.region.y))
        await browser.settle()
        assert "row 9" in browser.screen


async def test_help_says_every_key(collection: Collection) -> None:
    async with driven(collection, size=(120, 90)) as browser:
        await browser.press("?")
        for group in KEYS.values():
            for key in group:
                assert key.does in browser.screen
        assert "rounds" in browser.screen  # the language of filters
        assert "OSC 52" in browser.screen
        await browser.press("escape")
        assert "The chosen trace" not in browser.screen


async def test_quit(collection: Collection) -> None:
    async with driven(collection) as browser:
        await browser.press("q")
        assert not browser.app.is_running


def test_every_key_does_something() -> None:
    for group in KEYS.values():
        for key in group:
            for _, action in key.actions:
                assert hasattr(Browser, f"action_{action.partition('(')[0]}"), action


@pytest.mark.parametrize("size", [(20, 8), (40, 12), (200, 60)])
async def test_any_size(collection: Collection, size: tuple[int, int]) -> None:
    async with driven(collection, other=collection, size=size) as browser:
        await browser.press("enter", "space", "c", "o", "f", "r", "enter", "b", "b", "z", "?", "escape", "S")
        assert len(browser.screen.splitlines()) == size[1]
        assert max(map(len, browser.screen.splitlines())) <= size[0]


async def test_without_colours(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driven(collection) as browser:
        strips = browser.app.screen._compositor.render_strips()
        reversed_lines = [strip.text for strip in strips if any(s.style and s.style.reverse for s in strip)]
        assert any("what is 6" in line for line in reversed_lines)  # the chosen one is seen
