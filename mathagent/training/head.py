"""The output head in training: the tokens that the examples say, and a sample of the others.

The shipped model's examples say 6,000 of 49,000 tokens; without the others a CPU trains 7 to 9 % faster (README.md).
Each token of the sample counts for as many as it was drawn from, so the others stay as unlikely as they should be (the
sampled softmax of Jean et al., arXiv 1412.2007).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mathagent.training.rows import Row

OTHERS = 2048
"""How many of the tokens that no example says stand for all of them in a step."""


class Head:
    """The head of a model for the tokens that some rows say. weight: (vocabulary, width), frozen."""

    def __init__(self, weight: Any, rows: Sequence[Row], seed: int) -> None:
        import torch

        self.weight, self.seed = weight.detach(), seed
        said = torch.zeros(len(weight), dtype=torch.bool)
        said[[token for row in rows for _, token, _ in row.learned]] = True
        self.said, self.others = said.nonzero()[:, 0], (~said).nonzero()[:, 0]
        self.place = said.long().cumsum(0) - 1

    def losses(self, hidden: Any, said: Any, step: int) -> Any:
        """The cross-entropy at each position. hidden: (positions, width); said: (positions,), what is said after it."""
        import torch

        drawn = torch.Generator().manual_seed(self.seed + step)
        sample = self.others[torch.randperm(len(self.others), generator=drawn)[:OTHERS]]
        each = math.log(len(self.others) / len(sample)) if len(sample) else 0.0
        counts = torch.cat((torch.zeros(len(self.said)), torch.full((len(sample),), each)))
        tokens = torch.cat((self.said, sample)).to(hidden.device)
        logits = torch.nn.functional.linear(hidden, self.weight[tokens]).float() + counts.to(hidden.device)
        return torch.nn.functional.cross_entropy(logits, self.place[said].to(hidden.device), reduction="none")
