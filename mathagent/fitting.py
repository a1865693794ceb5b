"""What holds for a model: prompt, protocol, sampling and limits, out of what was asked for and what fits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from mathagent.chat_template import chat_template
from mathagent.detection import Detected, detect, of_protocol
from mathagent.errors import UsageError
from mathagent.limits import Limits
from mathagent.prompts import Prompt, find_prompt, in_language, prompts
from mathagent.protocols import WireProtocol, protocol
from mathagent.settings import Settings
from mathagent.types import ModelInfo, Sampling

_PLAIN = ("markdown", "cot")


@dataclass(frozen=True, slots=True)
class Fit:
    """The choices that hold for a model. `notices`: what a person should know of how they came about, a line each."""

    prompt: Prompt
    wire: WireProtocol
    sampling: Sampling
    limits: Limits
    notices: tuple[str, ...] = ()


def fit(info: ModelInfo, asked: Settings) -> Fit:
    """Choose what fits a model; what was asked for comes first. Raises UsageError for unknown names."""
    detected = _prompt(info, asked)
    prompt = detected.prompt
    wire = protocol(asked.protocol or prompt.settings.protocol)
    _check_role(prompt, wire, asked.role)
    notices = []
    if prompt.settings.protocol != wire.name:
        notices.append(
            f"the prompt {prompt.name} is written for the protocol {prompt.settings.protocol}, not {wire.name}"
        )
    elif wire.name not in _PLAIN and not (asked.prompt or asked.protocol):
        notices.append(
            f"protocol {wire.name}, prompt {prompt.name}: {detected.reason} (--protocol, --prompt overrule)"
        )
    tokens = asked.tokens or prompt.settings.tokens or asked.limits.tokens
    executions = next(
        number
        for number in (asked.executions, prompt.settings.executions, asked.limits.executions)
        if number is not None
    )
    return Fit(
        prompt=prompt,
        wire=wire,
        sampling=merged(prompt.settings.sampling, asked.sampling),
        limits=replace(asked.limits, tokens=tokens, executions=executions),
        notices=tuple(notices),
    )


def _check_role(prompt: Prompt, wire: WireProtocol, role: str) -> None:
    """Raises UsageError for a prompt of another role, and where no verdict can stand after what the model writes."""
    if prompt.settings.role != role:
        raise UsageError(f"the prompt {prompt.name} is for the role {prompt.settings.role}, not {role}")
    if prompt.settings.reasoning and (wire.ends or wire.continues == "never"):
        raise UsageError(
            f"no verdict can follow a reply in the protocol {wire.name}, which ends the turn",
            "markdown and llm-code can go on in the same message",
        )


def _prompt(info: ModelInfo, asked: Settings) -> Detected:
    """The prompt: as asked for, or as detected, or where only a protocol was asked for, the best of that protocol."""
    if asked.prompt:
        return Detected(find_prompt(asked.prompt), "as asked for", certain=True)
    known = list(prompts().values())
    detected = detect(info.id, None, asked.mode, known, asked.role)
    if not detected.certain and (template := chat_template(info.root or info.id)) is not None:
        detected = detect(info.id, template, asked.mode, known, asked.role)
    if asked.protocol and detected.prompt.settings.protocol != asked.protocol:
        written_for_it = of_protocol(
            asked.protocol,
            (each for each in known if (each.settings.mode, each.settings.role) == (asked.mode, asked.role)),
        )
        if written_for_it:
            detected = Detected(written_for_it, "as asked for", certain=True)
    return replace(detected, prompt=in_language(detected.prompt, asked.language))


def merged(recommended: Mapping[str, Any], asked: Sampling) -> Sampling:
    """The prompt's recommended sampling, overruled by what was asked for."""
    chosen = {each.name: value for each in fields(asked) if (value := getattr(asked, each.name)) is not None}
    return Sampling(**{**recommended, **chosen})
