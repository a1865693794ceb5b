"""What `mathagent export` can ask of training examples, and how they are written."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mathagent.errors import UsageError

if TYPE_CHECKING:
    from mathagent.examples import Form, Wanted

_PANEL = "Training examples"


class Reply(StrEnum):
    """How a reply stands in messages."""

    calls = "calls"
    text = "text"


CorrectOnly = Annotated[
    bool, typer.Option("--correct-only", help="Right answers only (dpo has both).", rich_help_panel=_PANEL)
]
MaxTokens = Annotated[
    int | None,
    typer.Option("--max-tokens", min=1, help="At most so many generated tokens.", rich_help_panel=_PANEL),
]
CodeMattered = Annotated[
    bool,
    typer.Option(
        "--code-mattered",
        help="Only solutions that use something new out of their code's outputs.",
        rich_help_panel=_PANEL,
    ),
]
MinReward = Annotated[
    float | None,
    typer.Option("--min-reward", help="At least this reward_model_score.", rich_help_panel=_PANEL),
]
PerProblem = Annotated[
    int | None,
    typer.Option("--per-problem", min=1, help="So many of one problem at most.", rich_help_panel=_PANEL),
]
Dedupe = Annotated[
    bool, typer.Option("--dedupe", help="No reply twice for one problem.", rich_help_panel=_PANEL)
]
Pairs = Annotated[
    int | None,
    typer.Option(
        "--pairs", min=1, help="Pairs of each problem, for dpo.  \\[default: 1]", rich_help_panel=_PANEL
    ),
]
ReplyOption = Annotated[
    Reply,
    typer.Option(
        "--reply",
        help="In messages: code as calls of a tool, or the whole reply as one message in the protocol's own text.",
        rich_help_panel=_PANEL,
    ),
]
WithExamples = Annotated[
    bool,
    typer.Option(
        "--with-examples",
        help="Keep the worked examples of the prompt in every example.",
        rich_help_panel=_PANEL,
    ),
]


def write(run: Path, format: str, output: Path, wanted: Wanted, form: Form) -> tuple[int, list[str]]:
    """Write the examples of a run that are wanted; how many, and why the others were left out."""
    from mathagent.examples import open_examples, select, write_examples
    from mathagent.examples.select import counts

    examples = open_examples(run)
    if wanted.correct and format == "dpo":
        raise UsageError("--correct-only leaves no wrong sample for --format dpo")
    if wanted.correct and all(each.row.verdict == "ungraded" for each in examples):
        raise UsageError(
            "no sample has a verdict, so none is known to be correct", "mathagent grade RUN --gold FILE"
        )
    kept, dropped = select(examples, wanted)
    reasons = [f"left out, {reason}: {number}" for reason, number in counts(dropped).items()]
    return write_examples(kept, format, output, form), reasons
