"""A real Chromium without a window, and pages in it that keep what they asked the network for and complained about."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.async_api import Browser, Page, async_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """The browser: $MATHAGENT_CHROMIUM, or the first one on the path."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return os.environ.get("MATHAGENT_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """The browser, with a profile that is empty and goes away. Raises FileNotFoundError where there is none."""
    path = chromium()
    if path is None:
        raise FileNotFoundError("no Chromium is installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Window:
    """An open page. requests: addresses it asked for. complaints: errors, and what its policy forbade."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def go(self, address: str) -> None:
        """Open an address and wait until the page is ready."""
        await self.page.goto(address)
        await self.page.wait_for_selector("html[data-ready]")

    async def ask(self, query: str) -> list[str]:
        """Write into the filter, wait, and give the traces that are shown as PROBLEM:SAMPLE."""
        await self.page.fill("#query", query)
        await self.settled()
        return await self.rows()

    async def settled(self) -> None:
        """Wait until the filter has its result, or says why it has none."""
        await self.page.evaluate("new Promise((done) => setTimeout(done, 0))")
        await self.page.wait_for_selector(".list[data-state=done]")

    async def rows(self) -> list[str]:
        """The rows in sight, in order, as PROBLEM:SAMPLE."""
        found: list[str] = await self.page.eval_on_selector_all(
            ".traces tbody tr[aria-rowindex]",
            """rows => rows.map((row) => row.querySelector("a").textContent + ":" +
                [...row.children].find((cell) => cell.classList.contains("sample"))?.textContent)""",
        )
        return found

    async def text(self, selector: str) -> str:
        """The text of the first such element, as it is seen."""
        return (await self.page.inner_text(selector)).strip()


@asynccontextmanager
async def window(
    browser: Browser,
    *,
    scheme: Literal["light", "dark"] = "light",
    size: tuple[int, int] = (1280, 860),
    motion: Literal["reduce", "no-preference"] = "reduce",
) -> AsyncIterator[Window]:
    """A window of its own, with no storage and no cache."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion=motion
    )
    page = await context.new_page()
    opened = Window(page)

    def logged(message: Any) -> None:
        if message.type in ("error", "warning"):
            opened.complaints.append(message.text)

    page.on("request", lambda request: opened.requests.append(request.url))
    page.on("console", logged)
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    try:
        yield opened
    finally:
        await context.close()
