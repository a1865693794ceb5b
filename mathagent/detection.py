"""Which prompt, and with it which protocol, a model wants: by its name, else by its chat template.

A name that a prompt's `models` patterns know is the surest sign: its authors' own prompt comes with it. For an unknown
name the chat template says what the model was trained to write. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch

from mathagent.errors import UsageError
from mathagent.prompts import Prompt

ANY = "*"


@dataclass(frozen=True, slots=True)
class Detected:
    """A prompt, and in a few words why it is this one; `certain` is false where it is only the general default."""

    prompt: Prompt
    reason: str
    certain: bool


# Texts in a chat template -> protocol, the most special first. That a template can render tools as JSON is no sign:
# nearly all do, their models follow fences just as well, and a server refuses tools unless it was started for them.
_MARKERS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("<|channel|>", "<|start|>"), "harmony"),
    (("<|endofblock|>",), "mathcoder"),
    (("<|action_start|>",), "internlm2"),
    (("<|interpreter|>",), "internlm2"),
    (("<|python_tag|>",), "llama3"),
    (("<llm-code>",), "llm-code"),
    (("<execute>",), "execute"),
)


def detect(
    model: str, template: str | None, mode: str, prompts: Iterable[Prompt], role: str = "solve"
) -> Detected:
    """The prompt for a model.

    Args:
        model: its name.
        template: its chat template, "" where it is known to have none, None where nothing is known.
        mode: "tir" or "cot".
        prompts: to choose from.
        role: what the model is asked to be, a key of `mathagent.roles.GIVEN`.

    Raises:
        UsageError: there is no prompt for that role in that mode.
    """
    suited = [each for each in prompts if (each.settings.mode, each.settings.role) == (mode, role)]
    by_name = [(pattern, prompt) for prompt in suited for pattern in prompt.settings.models]
    fitting = [pair for pair in by_name if pair[0] != ANY and fnmatch(model.lower(), pair[0].lower())]
    if fitting:
        pattern, prompt = max(fitting, key=lambda pair: len(pair[0]))
        return Detected(prompt, f"the name fits {pattern}", certain=True)
    if template is not None:
        bare = "icl" if mode == "tir" else "icl-cot"
        for texts, protocol in _MARKERS if mode == "tir" else ():
            if all(text in template for text in texts) and (found := of_protocol(protocol, suited)):
                return Detected(found, f"its chat template has {' and '.join(texts)}", certain=True)
        if not template.strip() and (found := of_protocol(bare, suited)):
            return Detected(found, "it has no chat template", certain=True)
    for pattern, prompt in by_name:
        if pattern == ANY:
            return Detected(prompt, "the general default", certain=False)
    what = f"mode {mode!r}" if role == "solve" else f"the role {role!r} in mode {mode!r}"
    raise UsageError(f"no prompt for {what}", "modes: tir, cot")


def of_protocol(protocol: str, prompts: Iterable[Prompt]) -> Prompt | None:
    """The prompt that suits a protocol best: the general one, the one of its name, or one that models have."""
    speaking = [prompt for prompt in prompts if prompt.settings.protocol == protocol]
    return min(
        speaking,
        key=lambda each: (ANY not in each.settings.models, each.name != protocol, not each.settings.models),
        default=None,
    )
