"""axe-core's rules on every view: light, dark, narrow."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from tests.page.browser import window

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360)])
async def test_no_serious_violation(
    browser: Browser, rich_page: str, scheme: Literal["light", "dark"], width: int
) -> None:
    found = []
    async with window(browser, scheme=scheme, size=(width, 860)) as opened:
        for view in ("#/", "#/traces?q=wrong&sort=tokens", "#/trace/t-0"):
            await opened.go(f"{rich_page}{view}")
            await opened.page.reload()
            await opened.page.wait_for_selector("html[data-ready]")
            await opened.page.evaluate(
                "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
            )
            await opened.page.wait_for_timeout(200)
            results = await Axe().run(opened.page)
            found += [
                (view, each["id"], [node["html"][:160] for node in each["nodes"]][:3])
                for each in results.response["violations"]
                if each["impact"] in ("serious", "critical")
            ]
    assert found == []
