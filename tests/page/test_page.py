"""The page in a real browser: numbers, table, a trace with everything, keys, light and dark, narrow, served."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from mathagent.collection import open_collection
from mathagent.page.data import PageData
from mathagent.page.serve import PageServer
from mathagent.run.report import open_stored, summary_of
from tests.collection.made import solved, write_run
from tests.page.browser import Window, window
from tests.page.made import numbered

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = ["alpha:0", "alpha:1", "beta:0", "beta:1", "gamma:0", "gamma:1"]


async def test_the_numbers_are_those_of_the_report(opened: Window, rich: Path, rich_page: str) -> None:
    await opened.go(rich_page)
    summary = summary_of(open_stored(rich))
    table = await opened.text("section.whole table")
    for metric in summary.overall.metrics:
        interval = f"{metric.ci_low:.1f} to {metric.ci_high:.1f}"
        assert metric.evaluation_mode in table
        assert f"{metric.symbolic_correct:.2f} %" in table
        assert interval in table
    level = await opened.page.get_attribute(
        "section[aria-labelledby=figure-accuracy-by-level] svg", "aria-label"
    )
    shares = [f"{group.name} {group.metrics[0].symbolic_correct:.1f}" for group in summary.by_level]
    assert level == f"Accuracy by level: {', '.join(shares)}"
    titles = await opened.page.locator(".figure h2").all_inner_texts()
    assert titles == [
        "Accuracy",
        "Accuracy by level",
        "Accuracy by type",
        "Code rounds",
        "Tokens",
        "Time",
        "How they ended",
        "Vote agreement",
    ]
    assert await opened.page.locator(".plot svg").count() == 7


async def test_every_plot_has_its_numbers_as_a_table_that_leads_to_the_traces(
    opened: Window, rich_page: str
) -> None:
    await opened.go(rich_page)
    assert await opened.page.locator(".plot + details table").count() == 7
    figure = opened.page.locator("section[aria-labelledby=figure-accuracy-by-level]")
    await figure.locator("summary").click()
    await figure.get_by_role("link", name="1").click()
    await opened.settled()
    assert await opened.rows() == ["alpha:0", "alpha:1"]


async def test_filter_sort_and_chips(opened: Window, rich_page: str) -> None:
    await opened.go(f"{rich_page}#/traces")
    assert await opened.rows() == ALL
    assert await opened.ask("wrong tokens>500") == ["beta:0", "beta:1"]
    assert await opened.text(".tally") == "2 of 6 traces"
    assert await opened.page.inner_text("#said") == "2 of 6 traces"
    assert await opened.ask("ZeroDivisionError") == ["alpha:0"]
    assert await opened.ask("tokens:5") == ["alpha:0"]  # what was there stays while the query can't be read
    assert await opened.text("#query-error") == "tokens takes a comparison: tokens>5"
    await opened.ask("")
    await opened.page.get_by_role("button", name="correct").click()
    assert await opened.page.input_value("#query") == "correct"
    await opened.page.get_by_role("button", name="wrong").click()
    assert await opened.page.input_value("#query") == "wrong"
    await opened.page.get_by_role("button", name="Tokens").click()
    assert await opened.rows() == ["gamma:1", "beta:0", "beta:1"]
    await opened.page.get_by_role("button", name="Tokens").click()
    assert await opened.rows() == ["beta:1", "beta:0", "gamma:1"]
    assert await opened.page.get_attribute("th[aria-sort]", "aria-sort") == "descending"
    await opened.page.reload()
    await opened.page.wait_for_selector("html[data-ready]")
    await opened.settled()
    assert await opened.rows() == ["beta:1", "beta:0", "gamma:1"]  # the address says it all


async def test_a_trace_with_mathematics_pictures_and_an_error(opened: Window, rich_page: str) -> None:
    await opened.go(f"{rich_page}#/trace/t-0")
    page = opened.page
    await page.wait_for_function("() => document.querySelectorAll('.trace .katex').length === 11")
    assert await page.locator(".math.display .katex-display").count() == 1
    assert await page.locator(".problem .frac-line").count() == 2
    loaded = await page.eval_on_selector_all(
        ".step img", "all => all.map((each) => [each.complete, each.naturalWidth])"
    )
    assert loaded == [[True, 40], [True, 30]]
    steps = await page.locator(".step h3").all_inner_texts()
    assert steps == ["Text", "Code 1", "Error 1", "Code 2", "Output 2", "Code 3", "Output 3", "Text"]
    assert "ZeroDivisionError" in await opened.text(".step.failed pre")
    trace = await page.locator("pre.traceback").text_content()
    assert trace is not None
    assert "Cell In[1]" in trace
    assert "\x1b" not in trace
    assert await page.locator(".py-keyword").count() >= 3
    assert await page.locator(".thinking").get_attribute("open") is None
    await page.click(".thinking summary")
    assert await page.locator(".thinking strong").inner_text() == "think"
    assert await page.locator(".step.output summary").all_inner_texts() == [
        "The whole traceback",
        "40 more lines",
    ]
    assert await page.locator(".ending annotation").all_text_contents() == ["\\frac{1}{2}"] * 2
    assert "384 from the cache" in await opened.text(".request")


async def test_the_source_is_the_reply(opened: Window, rich: Path, rich_page: str) -> None:
    await opened.go(f"{rich_page}#/trace/t-0")
    await opened.page.keyboard.press("s")
    shown = await opened.page.locator(".as-source pre:not(.quiet)").all_text_contents()
    collection = open_collection(rich)
    assert "".join(shown) == collection.trace(collection.entries[0]).reply


async def test_from_trace_to_trace(opened: Window, rich_page: str) -> None:
    await opened.go(f"{rich_page}#/trace/t-0")

    async def now(id: str) -> None:
        await opened.page.wait_for_selector(f"aside dd >> text=/^{id}$/")
        assert opened.page.url.endswith(f"#/trace/{id}")

    await opened.page.get_by_role("button", name="Next wrong").click()
    await now("t-2")
    await opened.page.keyboard.press("w")
    await now("t-3")
    await opened.page.keyboard.press("[")
    await now("t-2")
    await opened.page.keyboard.press("j")
    await now("t-3")
    await opened.page.keyboard.press("W")
    await now("t-2")
    await opened.page.keyboard.press("k")
    await now("t-1")
    samples = opened.page.locator(".samples a")
    assert await samples.count() == 2
    assert await samples.nth(1).get_attribute("aria-current") == "page"
    await samples.nth(0).click()
    await now("t-0")
    assert await opened.page.get_by_role("button", name="Previous", exact=True).is_disabled()


async def test_keys_alone(opened: Window, rich_page: str) -> None:
    page = opened.page
    await opened.go(rich_page)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
    await page.keyboard.press("/")
    await page.wait_for_selector("#query:focus")
    await page.keyboard.type("gamma")
    await page.keyboard.press("/")  # typed, not obeyed
    assert await page.input_value("#query") == "gamma/"
    await page.keyboard.press("Backspace")
    await opened.settled()
    await page.keyboard.press("ArrowDown")
    assert await page.evaluate("document.activeElement.textContent") == "gamma"
    await page.keyboard.press("j")
    style = await page.evaluate("getComputedStyle(document.activeElement.closest('tr')).outlineStyle")
    assert style == "solid"  # where the focus is can be seen
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".trace h1")
    assert page.url.endswith("#/trace/t-5")
    await page.keyboard.press("u")
    await page.wait_for_selector("tr.active")
    assert await page.get_attribute("tr.active", "aria-rowindex") == "3"
    await page.keyboard.press("?")
    assert await page.evaluate("document.querySelector('#keys').open")
    await page.keyboard.press("Escape")
    assert not await page.evaluate("document.querySelector('#keys').open")
    await page.keyboard.press("1")
    await page.wait_for_selector(".summary")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_light_and_dark(browser: Browser, rich_page: str, scheme: str) -> None:
    async with window(browser, scheme="dark" if scheme == "dark" else "light") as opened:
        await opened.go(rich_page)
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = {"light": "rgb(253, 253, 252)", "dark": "rgb(22, 24, 27)"}
        assert await opened.page.evaluate(ground) == dark[scheme]
        other = "dark" if scheme == "light" else "light"
        for _ in range(1 if other == "dark" else 2):
            await opened.page.keyboard.press("t")
        assert await opened.page.evaluate(ground) == dark[other]
        await opened.page.reload()
        await opened.page.wait_for_selector("html[data-ready]")
        assert await opened.page.evaluate(ground) == dark[other]  # remembered


@pytest.mark.parametrize("where", ["#/", "#/traces", "#/trace/t-0"])
async def test_nothing_is_wider_than_a_narrow_screen(browser: Browser, rich_page: str, where: str) -> None:
    async with window(browser, size=(360, 740)) as opened:
        await opened.go(f"{rich_page}{where}")
        wide = "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('main'))"
        assert await opened.page.evaluate(wide) <= 0
        assert await opened.page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_every_column_in_sight_has_room(browser: Browser, rich_page: str) -> None:
    for width in (360, 900, 1100, 1600):
        async with window(browser, size=(width, 740)) as opened:
            await opened.go(f"{rich_page}#/traces")
            widths = await opened.page.eval_on_selector_all(
                "tbody tr[aria-rowindex='2'] > *", "cells => cells.map((cell) => cell.offsetWidth)"
            )
            shown = [each for each in widths if each]
            assert min(shown) > 30
            assert sum(shown) == width
            assert await opened.page.locator("tbody a").first.is_visible()


async def test_a_query_that_cant_be_read_leaves_the_table(opened: Window, rich_page: str) -> None:
    await opened.go(f"{rich_page}#/traces?q=tokens:5")
    assert await opened.rows() == ALL
    assert await opened.text("#query-error") == "tokens takes a comparison: tokens>5"


async def test_an_unknown_trace_is_said(opened: Window, rich_page: str) -> None:
    await opened.go(f"{rich_page}#/trace/%E0%A4%A")
    assert "there is no trace" in await opened.text("[role=alert]")


async def test_the_file_asks_the_network_for_nothing(opened: Window, rich_page: str) -> None:
    await opened.go(rich_page)
    for where in ("#/traces", "#/trace/t-0", "#/trace/t-3"):
        await opened.page.goto(f"{rich_page}{where}")
        await opened.page.wait_for_selector("main :is(table, .steps)")
    asked = {address for address in opened.requests if not address.startswith("data:")}
    assert {address.partition("#")[0] for address in asked} == {rich_page}


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[tuple[Path, PageServer]]:
    """A run of one trace, served."""
    run = write_run(tmp_path / "run", numbered([solved("first")]))
    with PageServer(lambda: PageData(open_collection(run)), 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield run, server
        server.shutdown()
        thread.join()


async def test_served_and_loaded_again(opened: Window, growing: tuple[Path, PageServer]) -> None:
    run, server = growing
    await opened.go(f"{server.url}#/traces")
    assert await opened.rows() == ["first:undefined"]  # one sample: no column for it
    await opened.page.click("tbody a")
    await opened.page.wait_for_selector(".steps")
    assert {address.split("/")[2] for address in opened.requests if not address.startswith("data:")} == {
        server.url.split("/")[2]
    }
    again = write_run(run.with_name("again"), numbered([solved("first"), solved("second")]))
    for name in ("traces.jsonl", "results.jsonl", "settings.json"):
        (again / name).replace(run / name)
    await opened.page.goto(f"{server.url}#/traces")
    await opened.page.reload()
    await opened.page.wait_for_selector("html[data-ready]")
    assert await opened.page.locator("tbody a").all_inner_texts() == ["first", "second"]
