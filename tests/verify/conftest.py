"""Fixtures of these tests: the replay server, and a run with known verdicts to verify."""

from __future__ import annotations

import pytest

from tests.replay.fixtures import replay

__all__ = ["replay"]


@pytest.fixture(autouse=True)
def _no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
