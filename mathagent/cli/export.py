"""`mathagent export`: a run's rows, its traces, or examples to train on, in the forms of other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from mathagent.cli import examples
from mathagent.cli.failures import notice, told
from mathagent.errors import UsageError
from mathagent.run.export import FORMATS, Format
from mathagent.run.export import export as write
from mathagent.run.report import open_stored


class FormatName(StrEnum):
    """The forms: of rows, of traces (`mathagent.collection.export`), of examples (`mathagent.examples.formats`)."""

    parquet = "parquet"
    lm_eval = "lm-eval"
    nemo = "nemo"
    internlm = "internlm"
    sheet = "sheet"
    atif = "atif"
    otel = "otel"
    sft = "sft"
    chat = "chat"
    sharegpt = "sharegpt"
    trl_sft = "trl-sft"
    dpo = "dpo"
    text = "text"


_FORMATS: dict[str, Format] = {name: name for name in FORMATS}
_TRACES: dict[str, Literal["atif", "otel"]] = {"atif": "atif", "otel": "otel"}


def export(
    run: Annotated[
        Path,
        typer.Argument(
            help="The folder of a run, or a file with rows of any tool; a trace file for atif and otel; the folder of "
            "an augmentation for examples."
        ),
    ],
    format: Annotated[FormatName, typer.Option("--format", "-f", help="The form to write.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The file; a folder for nemo with several samples and for atif with several traces.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--send",
            metavar="URL",
            help="With otel: send to a server, such as Phoenix at http://127.0.0.1:6006.",
        ),
    ] = None,
    correct_only: examples.CorrectOnly = False,
    max_tokens: examples.MaxTokens = None,
    code_mattered: examples.CodeMattered = False,
    min_reward: examples.MinReward = None,
    per_problem: examples.PerProblem = None,
    dedupe: examples.Dedupe = False,
    pairs: examples.Pairs = None,
    reply: examples.ReplyOption = examples.Reply.calls,
    with_examples: examples.WithExamples = False,
) -> None:
    """Write the rows of a run as Parquet, as another tool's rows, or as a sheet for people who mark solutions.

    atif and otel write its traces: every step, as the Agent Trajectory Interchange Format or as OpenTelemetry spans.
    sft, chat, sharegpt, trl-sft, dpo and text write examples to train on.
    """
    with told():
        if (output is None) == (url is None):
            raise UsageError("say where to: --output FILE, or --send URL with otel")
        if url is not None and format is not FormatName.otel:
            raise UsageError("--send belongs to --format otel")
        asked = {
            "--correct-only": correct_only,
            "--max-tokens": max_tokens,
            "--code-mattered": code_mattered,
            "--min-reward": min_reward is not None,
            "--per-problem": per_problem,
            "--dedupe": dedupe,
            "--pairs": pairs,
            "--reply": reply is not examples.Reply.calls,
            "--with-examples": with_examples,
        }
        given = [name for name, value in asked.items() if value]
        if pairs is not None and format is not FormatName.dpo:
            raise UsageError("--pairs is for --format dpo")
        if given and (format in _FORMATS or format in _TRACES):
            raise UsageError(f"{given[0]} is for training examples, not for --format {format.value}")
        if format in _TRACES:
            number, notices = _export_traces(run, _TRACES[format.value], output, url)
            what = "traces"
        elif format in _FORMATS:
            assert output is not None
            stored = open_stored(run)
            number = write(stored.rows, _FORMATS[format.value], output, stored.settings.get("sampling"))
            notices, what = stored.notices, "rows"
        else:
            from mathagent.examples import Form, Wanted

            assert output is not None
            wanted = Wanted(
                correct=correct_only,
                tokens=max_tokens,
                mattered=code_mattered,
                reward=min_reward,
                distinct=dedupe,
                most=per_problem,
            )
            form = Form(with_examples, pairs or 1, calls=reply is examples.Reply.calls)
            number, notices = examples.write(run, format.value, output, wanted, form)
            what = "pairs" if format is FormatName.dpo else "examples"
        for line in notices:
            notice(line)
        notice(f"{number} {what} in {output}" if output else f"{number} {what} sent to {url}")


def _export_traces(
    run: Path, format: Literal["atif", "otel"], output: Path | None, url: str | None
) -> tuple[int, list[str]]:
    from mathagent.collection import open_collection
    from mathagent.collection.export import export_traces, send_spans

    collection = open_collection(run)
    if output is not None:
        number, said = export_traces(collection, format, output)
    else:
        number, said = send_spans(collection, url or "")
    return number, [*collection.notices, *said]
