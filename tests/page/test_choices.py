"""A verification's choices on the page: what was chosen, how likely each option was, and a search that finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mathagent.collection import open_collection
from mathagent.page.data import PageData
from mathagent.page.export import export_page
from mathagent.trace import append
from tests.page.browser import Window
from tests.verify.test_traces import judged

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_choices_have_their_probabilities(opened: Window, tmp_path: Path) -> None:
    trace = judged()
    append(tmp_path / "judged.jsonl", trace)
    page = tmp_path / "judged.html"
    export_page(PageData(open_collection(tmp_path / "judged.jsonl")), page)
    await opened.go(f"{page.as_uri()}#/trace/{trace.id}")
    first, second = await opened.page.locator(".step.choice").all_inner_texts()
    assert "Step 1: Yes" in first
    assert "Yes 0.8889, No 0.1111" in first
    assert "Only" not in first
    assert "Yes at most 0.2500, No 0.7500" in second
    assert "Only 4.0 % of the probability is on these options." in second
    await opened.go(f"{page.as_uri()}#/traces")
    assert len(await opened.ask('prose:"Step 2: No"')) == 1
    assert await opened.ask('prose:"Step 2: Yes"') == []
