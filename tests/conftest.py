"""What all tests share: a place of their own for the server's state, and the real server, started once.

Tests never see or touch a server that the user runs. The environment of vLLM's CPU build and the converted model are
taken from $MATHAGENT_HOME, where `mathagent setup` has put them.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import HealthCheck, settings

from mathagent.serving import ServerState, cpu_environment, start, stop
from mathagent.serving.processes import family

# Property tests try the same examples on every run, and a busy machine is no reason to fail.
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

FIRST_USE_SECONDS = 420
"""The limit of a test that may be the one that starts the server: half a minute here, two on a loaded machine."""


TOGETHER = ("tests/sandbox", "tests/page")
"""Folders whose tests run in one process: they look at all kernels there are, or share what is dear to make."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give the tests on the real server time for its start, and say which tests run in one process with `-n`."""
    for item in items:
        served = "vllm_server" in getattr(item, "fixturenames", ())
        if served and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(FIRST_USE_SECONDS))
        if config.pluginmanager.hasplugin("xdist"):
            path = item.path.relative_to(config.rootpath).as_posix()
            folder = next((each for each in TOGETHER if path.startswith(f"{each}/")), path)
            item.add_marker(pytest.mark.xdist_group("vllm" if item.get_closest_marker("vllm") else folder))


@pytest.fixture(scope="session", autouse=True)
def server_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """$MATHAGENT_STATE, for this process and those it starts, is a folder of this test run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATHAGENT_STATE", str(tmp_path_factory.mktemp("state")))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture(scope="session")
def vllm_server(server_state: None) -> Iterator[ServerState]:
    """The embedded model on vLLM, through the project's own server manager; commands started by a test find it too."""
    if cpu_environment() is None:
        pytest.skip("vLLM's CPU build is not installed: mathagent setup")
    state = asyncio.run(start("", lambda line: sys.stderr.write(f"server: {line}\n")))
    assert state.server_pid is not None
    folder = os.environ["MATHAGENT_STATE"]
    yield state
    processes = {state.pid, *family(state.server_pid)}
    assert os.environ["MATHAGENT_STATE"] == folder
    stop()
    assert not [pid for pid in processes if psutil.pid_exists(pid) and _lives(pid)]


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
