"""Times filed under names, and what is said of them."""

from __future__ import annotations

import statistics
import time

Samples = dict[str, list[float]]
"""Seconds, under the name of what was timed."""


def summary(values: list[float]) -> dict[str, float]:
    """How many there are, their median and the 95th percentile."""
    ordered = sorted(values)
    return {
        "n": len(ordered),
        "p50": statistics.median(ordered),
        "p95": ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
    }


class Clock:
    """Seconds since the last look, filed under names."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self.start = self.last = time.perf_counter()

    def file(self, name: str, *, since_start: bool = False) -> None:
        """File the seconds since the last look, or since the start."""
        now = time.perf_counter()
        self._samples.setdefault(name, []).append(now - (self.start if since_start else self.last))
        self.last = now
