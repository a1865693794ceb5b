"""What a person asked for, as one value that the command line fills and a session is built from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mathagent.limits import Limits
from mathagent.types import Sampling


@dataclass(frozen=True, slots=True)
class Settings:
    """All choices of a session; None leaves a choice to the endpoint, the model or the prompt.

    base_url, api_key: the endpoint; without one the running server or the embedded model is used.
    model: its name at the endpoint; the endpoint's only model by default.
    role: what the model is asked to be, a key of `mathagent.roles.GIVEN`.
    mode: "tir" (code is run) or "cot" (text only).
    language: of the prompt, where the model's prompt is there in it.
    prompt: a name or a file; protocol: a name, overruling the prompt's.
    sampling: what is set overrules the prompt's recommendation.
    tokens, executions: overrule the prompt's and the general limit.
    isolation: the least level of isolation that kernels may run at.
    memory_mb: memory of a kernel, MiB.
    warm: kernels that wait ready.
    """

    base_url: str | None = None
    api_key: str | None = None
    model: str | None = None
    role: str = "solve"
    mode: Literal["tir", "cot"] = "tir"
    language: Literal["en", "zh"] = "en"
    prompt: str | None = None
    protocol: str | None = None
    sampling: Sampling = field(default_factory=Sampling)
    limits: Limits = field(default_factory=Limits)
    tokens: int | None = None
    executions: int | None = None
    isolation: Literal["none", "rlimits", "landlock", "namespaces"] = "namespaces"
    memory_mb: int = 2048
    warm: int = 1
