"""Pytest fixtures over the replay server. Import them in a conftest: `from tests.replay.fixtures import *`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.replay.recording import Recording
from tests.replay.server import ReplayServer
from tests.replay.state import Settings
from tests.replay.tora import load_tora

__all__ = ["replay", "tora_recordings"]

DATA = Path(__file__).parents[2].parent / "shared" / "data"

Replay = Callable[..., ReplayServer]


@pytest.fixture
def replay() -> Iterator[Replay]:
    """Start a server: `replay(recordings, start_after=0.0, **settings)`; it stops with the test."""
    with ExitStack() as servers:

        def start(
            recordings: Iterable[Recording] = (), *, start_after: float = 0.0, **settings: Any
        ) -> ReplayServer:
            server = ReplayServer(recordings, Settings(**settings), start_after=start_after)
            return servers.enter_context(server)

        yield start


@pytest.fixture(scope="session")
def tora_recordings() -> list[Recording]:
    """The 660 recorded ToRA-34b runs on GSM8K; skips where they are not beside the checkout."""
    path = DATA / "trajectories" / "tora-code-34b-gsm8k.jsonl"
    if not path.exists():
        pytest.skip(f"the recorded data is not there: {path}")
    return load_tora(path)
