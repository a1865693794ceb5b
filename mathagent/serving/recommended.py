"""Which models to use for real work, and what to say of the one that comes along."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import yaml

from mathagent.serving.embedded import served_name

DEMO_NOTICE = (
    f"{served_name()} is a demonstration model of 135 million parameters: it solves simple word problems at best. "
    "For real work: mathagent serve Qwen/Qwen2.5-Math-7B-Instruct (a GPU), or --base-url URL"
)
"""One line, to be said whenever the embedded model is used."""


@dataclass(frozen=True, slots=True)
class RecommendedModel:
    """A model for tool-integrated reasoning.

    model: its name on Hugging Face. protocol: the name of the protocol it was trained on. command: how to serve it.
    memory_gb: its weights in bfloat16. context: tokens, prompt and reply together. licence; source: its card.
    """

    model: str
    protocol: str
    command: str
    memory_gb: float
    context: int
    licence: str
    source: str


def recommended_models() -> tuple[RecommendedModel, ...]:
    """The list in recommended.yaml, smallest first."""
    raw = yaml.safe_load(files(__package__).joinpath("recommended.yaml").read_text(encoding="utf-8"))
    return tuple(RecommendedModel(**entry) for entry in raw)
