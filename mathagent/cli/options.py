"""The options that `solve` and `chat` share, each written once, and how they become `Settings`."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mathagent.limits import Limits
from mathagent.settings import Settings
from mathagent.types import Sampling

_MODEL, _SAMPLING, _LIMITS = "Model", "Sampling", "Limits"
_DEFAULT = Limits()


class Mode(StrEnum):
    """How the model is asked to reason."""

    tir = "tir"
    cot = "cot"


class Language(StrEnum):
    """The language of the prompt."""

    en = "en"
    zh = "zh"


class Isolation(StrEnum):
    """Levels of isolation, weakest first."""

    none = "none"
    rlimits = "rlimits"
    landlock = "landlock"
    namespaces = "namespaces"


class Display(StrEnum):
    """What is written to the terminal."""

    auto = "auto"
    rich = "rich"
    plain = "plain"
    quiet = "quiet"


BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        envvar="OPENAI_BASE_URL",
        help="An OpenAI-compatible endpoint. Without one: the running server, or the embedded model.",
        rich_help_panel=_MODEL,
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", envvar="OPENAI_API_KEY", help="The endpoint's key.", rich_help_panel=_MODEL),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", help="The model at the endpoint; its only one by default.", rich_help_panel=_MODEL
    ),
]
ModeOption = Annotated[
    Mode,
    typer.Option(
        "--mode", help="tir: reason and run code; cot: chain-of-thought, text only.", rich_help_panel=_MODEL
    ),
]
LanguageOption = Annotated[
    Language,
    typer.Option(
        "--language",
        help="The prompt's language, where the model's prompt is there in it.",
        rich_help_panel=_MODEL,
    ),
]
PromptOption = Annotated[
    str | None,
    typer.Option(
        "--prompt", "-p", help="A prompt by name or file; the model's own by default.", rich_help_panel=_MODEL
    ),
]
ProtocolOption = Annotated[
    str | None,
    typer.Option(
        "--protocol", help="The wire protocol; the prompt's own by default.", rich_help_panel=_MODEL
    ),
]
Temperature = Annotated[float | None, typer.Option("--temperature", "-t", min=0.0, rich_help_panel=_SAMPLING)]
TopP = Annotated[float | None, typer.Option("--top-p", min=0.0, max=1.0, rich_help_panel=_SAMPLING)]
TopK = Annotated[int | None, typer.Option("--top-k", min=-1, rich_help_panel=_SAMPLING)]
MinP = Annotated[float | None, typer.Option("--min-p", min=0.0, max=1.0, rich_help_panel=_SAMPLING)]
Seed = Annotated[int | None, typer.Option("--seed", rich_help_panel=_SAMPLING)]
MaxExecutions = Annotated[
    int | None,
    typer.Option(
        "--max-executions",
        min=0,
        help=f"Code blocks that are run.  \\[default: the prompt's, or {_DEFAULT.executions}]",
        rich_help_panel=_LIMITS,
    ),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        min=1,
        help=f"Tokens the model may write in all.  \\[default: the prompt's, or {_DEFAULT.tokens}]",
        rich_help_panel=_LIMITS,
    ),
]
Context = Annotated[
    int | None,
    typer.Option(
        "--context",
        min=1,
        help="Context length in tokens; what the server says by default.",
        rich_help_panel=_LIMITS,
    ),
]
TimeLimit = Annotated[
    float,
    typer.Option("--time-limit", min=0.1, help="Wall time of a solve, seconds.", rich_help_panel=_LIMITS),
]
CellTimeout = Annotated[
    float,
    typer.Option(
        "--cell-timeout", min=0.1, help="Wall time of one execution, seconds.", rich_help_panel=_LIMITS
    ),
]
MaxRepeats = Annotated[
    int,
    typer.Option(
        "--max-repeats",
        min=1,
        help="Times that the same code may fail with the same error.",
        rich_help_panel=_LIMITS,
    ),
]
OutputChars = Annotated[
    int,
    typer.Option(
        "--output-chars",
        min=100,
        help="Characters of an output that the model is shown.",
        rich_help_panel=_LIMITS,
    ),
]
Memory = Annotated[
    int, typer.Option("--memory", min=256, help="Memory of a kernel, MiB.", rich_help_panel=_LIMITS)
]
IsolationOption = Annotated[
    Isolation,
    typer.Option(
        "--isolation",
        envvar="MATHAGENT_ISOLATION",
        help="Refuse to run code below this level of isolation (see mathagent doctor).",
        rich_help_panel=_LIMITS,
    ),
]
TraceFile = Annotated[
    Path | None, typer.Option("--trace", help="Trace file.  \\[default: traces.jsonl in mathagent's home]")
]


def settings(
    *,
    base_url: str | None,
    api_key: str | None,
    model: str | None,
    mode: Mode,
    language: Language,
    prompt: str | None,
    protocol: str | None,
    sampling: Sampling,
    limits: Limits,
    max_tokens: int | None,
    max_executions: int | None,
    isolation: Isolation,
    memory: int,
) -> Settings:
    """Settings from the options' values."""
    return replace(
        Settings(),
        base_url=base_url,
        api_key=api_key,
        model=model,
        mode=mode.value,
        language=language.value,
        prompt=prompt,
        protocol=protocol,
        sampling=sampling,
        limits=limits,
        tokens=max_tokens,
        executions=max_executions,
        isolation=isolation.value,
        memory_mb=memory,
    )
