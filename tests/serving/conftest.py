"""A state folder per test, and launches of the stand-in server."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mathagent.serving import stop
from mathagent.serving.launch import Launch

STANDIN = Path(__file__).parent / "standin.py"
MakeLaunch = Callable[..., Launch]


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty state folder; whatever server was started in it is stopped at the end."""
    folder = tmp_path / "state"
    monkeypatch.setenv("MATHAGENT_STATE", str(folder))
    yield folder
    stop()


@pytest.fixture
def standin(own_state: Path) -> MakeLaunch:
    """Makes a Launch of the stand-in; each argument is the list of options of one command, to be tried in turn."""

    def make(*commands: list[str]) -> Launch:
        port = free_port()
        return Launch(
            commands=tuple(
                (sys.executable, str(STANDIN), str(port), *options) for options in commands or ([],)
            ),
            variables=dict(os.environ),
            model="standin",
            port=port,
            start_seconds=20.0,
        )

    return make


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
