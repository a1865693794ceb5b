"""Fixtures of these tests: the program with a home of its own, and a model behind HTTP that plays a script."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.program import WITHOUT_NAMESPACES, Program, scripted
from tests.replay.fixtures import Replay, replay
from tests.replay.recording import Recording
from tests.replay.server import ReplayServer

__all__ = ["replay"]

CODE = "I multiply.\n```python\nx = 6 * 7\nprint(x)\n```\n"
PROBLEM = "What is 6 * 7?"

Served = Callable[..., tuple[Program, ReplayServer]]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program without an endpoint."""
    return Program(tmp_path)


@pytest.fixture
def served(tmp_path: Path, replay: Replay) -> Served:
    """The program and its model: `served(recordings, **settings)`, by default one that multiplies by code."""

    def start(*recordings: Recording, **settings: object) -> tuple[Program, ReplayServer]:
        script = recordings or (scripted(PROBLEM, CODE, "So it is $\\boxed{42}$."),)
        server = replay(script, **settings)
        return Program(tmp_path, server.base_url), server

    return start


@pytest.fixture
def without_namespaces() -> tuple[str, ...]:
    """A command under which there are no namespaces; skips where it can't be had."""
    try:
        subprocess.run([*WITHOUT_NAMESPACES, "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no machine without namespaces can be made here: {error}")
    return WITHOUT_NAMESPACES
