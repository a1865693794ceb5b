"""What a run does, as one value."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from mathagent.data import Problem
from mathagent.run.rows import VoteWeight


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does, beside the session's settings.

    problems: in order. samples: of each. seed: of the run.
    stop: None to draw every sample; "decided" to stop a problem once its leading answer cannot be overtaken; or a
        number below 1: once it is the true majority with this probability.
    weight: what a vote weighs in that. logprobs: whether log-probabilities are asked for, as votes by them need.
    requests: requests in flight at most. kernels: kernels alive at most. cells: cells running at most.
    """

    problems: Sequence[Problem]
    samples: int = 1
    seed: int = 0
    stop: float | str | None = None
    weight: VoteWeight = "count"
    logprobs: bool = False
    requests: int = 32
    kernels: int = 64
    cells: int = 2 * (os.cpu_count() or 1)

    @property
    def trajectories(self) -> int:
        """Trajectories under way at most: enough that those whose code runs leave no place at the server free."""
        return self.requests + min(self.cells, self.requests)
