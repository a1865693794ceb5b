"""Ten thousand traces: the whole table without a row too many, the right hits, a search that lets the reader go on."""

from __future__ import annotations

import pytest

from tests.page.browser import Window

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_table_has_all_and_draws_few(opened: Window, many_page: str) -> None:
    await opened.go(f"{many_page}#/traces")
    page = opened.page
    assert await page.get_attribute("table.traces", "aria-rowcount") == "10001"
    assert await page.locator(".traces tbody tr").count() < 100
    await page.keyboard.press("End")
    assert await page.get_attribute("tr.active", "aria-rowindex") == "10001"
    assert (
        await page.evaluate("document.activeElement.closest('tr').getAttribute('aria-rowindex')") == "10001"
    )
    assert await page.locator(".traces tbody tr").count() < 100
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".steps .step")
    assert await opened.text(".trace nav .quiet") == "10,000 of 10,000"


async def test_a_search_reads_all_texts_and_a_new_one_ends_it(opened: Window, many_page: str) -> None:
    await opened.go(f"{many_page}#/traces")
    await opened.page.fill("#query", "needle")
    await opened.page.fill("#query", "needle answer:777")
    await opened.settled()
    found = await opened.rows()
    assert found
    assert all(each.startswith("made/77") for each in found)
    assert await opened.text(".tally") == f"{len(found)} of 10,000 traces"
    assert await opened.ask("needle -answer:777") == []
    assert await opened.text(".tally") == "0 of 10,000 traces"
