"""One browser for all tests of the page."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from mathagent.collection import open_collection
from mathagent.page.data import PageData
from mathagent.page.export import export_page
from tests.page.browser import Window, browsing, chromium, window
from tests.page.made import hostile_run, many_run, rich_run


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium; where there is none, its tests are skipped, but not in continuous integration."""
    if chromium() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium is installed")
        pytest.skip("no Chromium is installed (or name one by MATHAGENT_CHROMIUM)")
    async with browsing() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def opened(browser: Browser) -> AsyncIterator[Window]:
    """A window; nothing may go wrong in it, and it may ask the network for nothing but what the test opens."""
    async with window(browser) as made:
        yield made
        assert not made.complaints


@pytest.fixture(scope="session")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that has everything."""
    return rich_run(tmp_path_factory.mktemp("rich") / "run")


def exported(run: Path) -> Path:
    """The page of a run as a file beside it."""
    page = run.with_suffix(".html")
    export_page(PageData(open_collection(run)), page)
    return page


@pytest.fixture(scope="session")
def rich_page(rich: Path) -> str:
    """The address of its exported page."""
    return exported(rich).as_uri()


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the exported page of attacks."""
    return exported(hostile_run(tmp_path_factory.mktemp("hostile") / "run")).as_uri()


@pytest.fixture(scope="session")
def many_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of an exported page of 10,000 traces."""
    return exported(many_run(tmp_path_factory.mktemp("many") / "run")).as_uri()
