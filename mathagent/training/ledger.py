"""The ledger of a stage: what went in, what came out, and why the rest did not. JSON beside the stage's output."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Ledger:
    """Counts by source: `kept`, and dropped by reason."""

    def __init__(self, stage: str, settings: Mapping[str, Any]) -> None:
        self._record: dict[str, Any] = {"stage": stage, "settings": dict(settings)}
        self._kept: dict[str, int] = Counter()
        self._dropped: dict[str, Counter[str]] = {}

    def keep(self, source: str) -> None:
        """Count one that was kept."""
        self._kept[source] += 1

    def drop(self, source: str, reason: str) -> None:
        """Count one that was dropped."""
        self._dropped.setdefault(source, Counter())[reason] += 1

    def note(self, **facts: Any) -> None:
        """Write down more: hashes, seconds, tokens."""
        self._record |= facts

    def record(self) -> dict[str, Any]:
        """All of it, JSON-able."""
        sources = sorted({*self._kept, *self._dropped})
        counts = {
            source: {"kept": self._kept[source], "dropped": dict(self._dropped.get(source, {}))}
            for source in sources
        }
        return {**self._record, "counts": counts}

    def write(self, path: Path) -> None:
        """Write it."""
        path.write_text(json.dumps(self.record(), indent=1) + "\n", encoding="utf-8")
