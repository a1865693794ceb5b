"""How a model is tuned."""

from __future__ import annotations

from dataclasses import dataclass

RATE, FULL_RATE = 1e-3, 3e-4
"""Usual learning rates of an adapter and of all weights; the second was run for eleven steps, not compared."""


@dataclass(frozen=True, slots=True)
class TuneSettings:
    """How it is tuned.

    rank, alpha: of LoRA, on every linear layer from `first_layer` on. full: all weights of these layers are trained
    instead, and the rank means nothing; the embeddings, which are the output head too, stay. rate: the learning rate
    at its peak; it falls by a cosine to a twentieth of itself. tokens: of a batch, padding counted, and what examples
    share counted once. epochs: passes over the data. minutes: the time that the run may take in all; where it is
    shorter than the epochs take, the cosine follows the clock. dtype: what is calculated in, float32 or bfloat16; None:
    bfloat16 on CUDA, float32 on a CPU (without AMX, bfloat16 was slower). Trained weights are float32 in any case.
    """

    rank: int = 16
    alpha: int = 32
    full: bool = False
    first_layer: int = 0
    rate: float = RATE
    tokens: int = 2048
    epochs: float = 1.0
    minutes: float | None = None
    seed: int = 0
    dtype: str | None = None
