"""The row of a verification: what it judges, and the numbers that its choices come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from mathagent.trace.events import choice_of
from mathagent.trace.schema import ChoiceStep, Step

VERIFIES = "verifies"
"""The key of a judgement's `extra` that holds its target."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a judgement is about: a problem, and one sample of it, the first and the second, or all to choose from."""

    id: str
    samples: tuple[int, ...]


def target_of(extra: Mapping[str, Any]) -> Target | None:
    """What a row with this `extra` judges; None for a row that is no judgement."""
    found: Any = extra.get(VERIFIES)
    try:
        return Target(str(found["id"]), tuple(map(int, found["samples"])))
    except (TypeError, KeyError, ValueError):
        return None


def verdict_fields(steps: Iterable[Step], *, complete: bool, favourable: bool) -> dict[str, Any]:
    """The fields of a row that come of its choices; {} without any.

    Args:
        steps: of the trace.
        complete: all choices that were wanted were made.
        favourable: the first of two options is the good one, as everywhere but in a selection.
    """
    choices = [choice_of(step) for step in steps if isinstance(step, ChoiceStep)]
    if not choices:
        return {}
    found: dict[str, Any] = {
        "choice_probabilities": [list(choice.probabilities) for choice in choices],
        "choice_mass": min(choice.mass for choice in choices),
    }
    if complete and favourable:
        scores = [choice.probabilities[0] for choice in choices]
        found |= {"reward_model_score": min(scores), "step_product": prod(scores)}
    return found
