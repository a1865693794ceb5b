"""Fixtures of these tests: the replay server."""

from tests.replay.fixtures import replay, tora_recordings

__all__ = ["replay", "tora_recordings"]
