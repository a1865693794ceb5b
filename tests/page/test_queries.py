"""The shared table of queries, as the page reads them."""

from __future__ import annotations

import pytest

from tests.collection.queries import CASES, queried_run
from tests.page.browser import Window
from tests.page.conftest import exported

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_table(opened: Window, tmp_path_factory: pytest.TempPathFactory) -> None:
    page = exported(queried_run(tmp_path_factory.mktemp("queries") / "run"))
    await opened.go(f"{page.as_uri()}#/traces")
    differ = []
    for case in CASES:
        found = await opened.ask(case.query)
        said = await opened.text("#query-error")
        if case.says:
            if not said.startswith(case.says):
                differ.append((case.query, said))
        elif said or found != list(case.finds):
            differ.append((case.query, said or found))
    assert differ == []
