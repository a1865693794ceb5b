"""The hub, its cache, and a folder laid out as a repository, all through the real `datasets` library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROBLEMS = {"1 + 0?": "1", "1 + 1?": "2"}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process said that loaded from a hub on this machine; it starts from nothing."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("HF_", "MATHAGENT_DATA"))
    }
    for proxy in ("http_proxy", "https_proxy", "all_proxy"):
        environment.pop(proxy, None)
        environment.pop(proxy.upper(), None)
    command = [sys.executable, "-m", "tests.data.hub_session", str(tmp_path_factory.mktemp("hub"))]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    said: dict[str, Any] = json.loads(done.stdout)
    return said


pytestmark = pytest.mark.timeout(300)  # datasets takes seconds to import, more on a busy machine


def test_offline_asks_nobody(session: dict[str, Any]) -> None:
    assert session["asked when offline"] == 0
    assert "openai/gsm8k, configuration main, split test" in session["not yet in the cache"]["error"]
    assert "not in the cache" in session["not yet in the cache"]["error"]


def test_the_hub_then_the_cache(session: dict[str, Any]) -> None:
    loaded = {"problems": PROBLEMS, "source": "openai/gsm8k@abababab"}
    assert session["from the hub"] == loaded
    assert session["from the cache"] == loaded
    assert session["by its id"] == loaded
    assert session["asked again"] == 0


def test_a_folder_laid_out_as_a_repository(session: dict[str, Any]) -> None:
    assert session["a folder laid out as a repository"]["problems"] == PROBLEMS


@pytest.mark.parametrize("case", ["unknown", "no such split"])
def test_what_the_hub_does_not_have_is_one_line(session: dict[str, Any], case: str) -> None:
    said = session[case]["error"]
    assert said.startswith("can't load ")
    assert "\n" not in said
    assert "--data-dir" in said
