"""The seed of each trajectory, fixed by the run's seed, the problem and the sample."""

from __future__ import annotations

import hashlib


def seed_of(seed: int, problem: str, sample: int) -> int:
    """31 bits of the SHA-256 of `SEED:SAMPLE:ID`: the same on every machine, whatever else is in the run."""
    digest = hashlib.sha256(f"{seed}:{sample}:{problem}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
