"""The shared table of queries, as Python reads them; `tests/page/test_queries.py` holds the page to the same table."""

from __future__ import annotations

from pathlib import Path

import pytest

from mathagent.collection import Collection, open_collection, parse_query
from mathagent.errors import UsageError
from tests.collection.queries import CASES, Case, queried_run


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """The traces of the table."""
    return open_collection(queried_run(tmp_path_factory.mktemp("queries") / "run"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.query)
def test_the_table(collection: Collection, case: Case) -> None:
    if case.says:
        with pytest.raises(UsageError) as raised:
            parse_query(case.query)
        assert raised.value.message.startswith(case.says)
    else:
        found = collection.select(parse_query(case.query))
        assert [f"{each.problem}:{each.sample}" for each in found] == list(case.finds)


def test_the_run_is_written_as_the_table_says(tmp_path: Path) -> None:
    assert len(open_collection(queried_run(tmp_path / "run")).entries) == 4
