"""How many tokens a second are trained with the head of `mathagent.training.head`, and with the whole one.

`python -m tests.training.head_speed EXAMPLES [--model FOLDER]` takes steps of both by turns, in one process, over
batches of the same size, and prints the ratio. It needs the extra `train`; the model is the embedded one by default.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from mathagent.serving import prepare_model
from mathagent.training.stage import encoded_for, examples_of
from mathagent.training.tune import Run
from mathagent.training.tune_settings import TuneSettings


class Whole:
    """The whole head, with the surface of the other."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def losses(self, hidden: Any, said: Any, step: int) -> Any:
        """The cross-entropy at each position."""
        import torch

        said = said.to(hidden.device)
        return torch.nn.functional.cross_entropy(self.model.lm_head(hidden).float(), said, reduction="none")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.training.head_speed", description=__doc__)
    parser.add_argument("examples", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--steps", type=int, default=14, help="of each")
    chosen = parser.parse_args()
    model = chosen.model or prepare_model(print, adapter=None)
    settings = TuneSettings(first_layer=8, tokens=1000, epochs=100)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(model, encoded_for(model, examples_of([chosen.examples])), Path(folder), settings, None)
    heads: dict[str, Any] = {"whole": Whole(run.trained.model), "said and a sample": run.head}
    for head in heads.values():  # what is made at the first step is not measured
        run.head = head
        run.step(0.5)
    seconds, tokens = dict.fromkeys(heads, 0.0), dict.fromkeys(heads, 0)
    for _ in range(chosen.steps):
        for name, head in heads.items():
            run.head, before, began = head, run.tokens, time.perf_counter()
            run.step(0.5)
            seconds[name] += time.perf_counter() - began
            tokens[name] += run.tokens - before
    speeds = {name: tokens[name] / seconds[name] for name in heads}
    for name in heads:
        print(f"{name}: {speeds[name]:.0f} tokens a second ({chosen.steps} steps)")
    print(f"ratio: {speeds['said and a sample'] / speeds['whole']:.2f}")


if __name__ == "__main__":
    main()
