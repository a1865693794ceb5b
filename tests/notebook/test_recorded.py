"""Recorded runs of real models as notebooks: valid, and without a tag, a link or an image that is not ours."""

from __future__ import annotations

import os

import pytest

from mathagent.collection import open_collection
from mathagent.notebook import notebook_of
from tests.notebook.test_markdown import acts
from tests.run.stored import DATA

FILES = (
    "internlm-agent-samples", "mathcoder-cl34b-math500", "mathcoder-l70b-gsm8k-3runs", "mathcoder-l70b-mathematics",
    "mathcoder-l70b-simuleq", "mathcoder-l7b-math-correct-only", "tora-code-34b-gsm8k", "tora-corpus-examples",
)  # fmt: skip
EACH = int(os.environ.get("NOTEBOOKS_EACH", "25"))


@pytest.mark.data
@pytest.mark.parametrize("name", FILES)
def test_a_recorded_run_is_a_valid_notebook_without_active_markup(name: str) -> None:
    path = DATA / "trajectories" / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"the recorded data is not there: {path}")
    collection = open_collection(path)
    for entry in collection.entries[:EACH]:
        made = notebook_of(collection.trace(entry), verdict=entry.verdict, gold=entry.gold)  # validates
        for cell in made.cells:
            if cell.cell_type == "markdown":
                assert acts(cell.source) <= {"details", "summary"}, cell.source
