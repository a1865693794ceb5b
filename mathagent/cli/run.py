"""`mathagent run`: solve a data set, with samples and votes, durably."""

from __future__ import annotations

import asyncio
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mathagent.cli import options
from mathagent.cli.carry_out import carry_out
from mathagent.cli.data import (
    Circular,
    ColumnMap,
    Config,
    DataDir,
    Ids,
    Offline,
    Shuffle,
    Split,
    complain_about_rows,
)
from mathagent.cli.failures import told
from mathagent.cli.running import Carrier
from mathagent.data import DataSet, load, read_ids, read_mapping
from mathagent.errors import UsageError
from mathagent.limits import Limits
from mathagent.run.plan import Plan
from mathagent.types import Sampling

_DEFAULT = Limits()
_RUN = "Run"


class VoteWeight(StrEnum):
    """What a vote weighs."""

    equal = "count"
    likelihood = "logprob"


def run(
    dataset: Annotated[
        str,
        typer.Argument(help="A short name, a file, a folder, or a hub id; NAME:K for K samples a problem."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Folder of the run.  \\[default: runs/DATASET-MODEL]", rich_help_panel=_RUN
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="At most so many problems.")
    ] = None,
    ids: Ids = None,
    shuffle: Shuffle = None,
    data_dir: DataDir = None,
    split: Split = None,
    config: Config = None,
    columns: ColumnMap = None,
    circular: Circular = False,
    offline: Offline = False,
    stop: Annotated[
        str | None,
        typer.Option(
            "--stop",
            metavar="decided|P",
            help="Draw no more samples of a problem once its leading answer can't be overtaken (decided), or is the "
            "true majority with probability P.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    vote_weight: Annotated[
        VoteWeight,
        typer.Option(
            "--vote-weight",
            help="What a vote weighs for --stop decided: 1 (count), or exp of the mean log-probability of the "
            "sample's tokens (logprob).",
            rich_help_panel=_RUN,
        ),
    ] = VoteWeight.equal,
    logprobs: Annotated[
        bool,
        typer.Option(
            "--logprobs",
            help="Ask the server for the tokens' log-probabilities, for mean_logprob and maj@k[logprob].",
            rich_help_panel=_RUN,
        ),
    ] = False,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, help="Requests in flight.", rich_help_panel=_RUN)
    ] = 32,
    kernels: Annotated[
        int | None,
        typer.Option(
            "--kernels", min=1, help="Kernels alive.  \\[default: one per trajectory]", rich_help_panel=_RUN
        ),
    ] = None,
    patience: Annotated[
        float,
        typer.Option(
            "--patience", min=0, help="Seconds to wait while no server answers.", rich_help_panel=_RUN
        ),
    ] = 300.0,
    base_url: Annotated[
        list[str] | None,
        typer.Option(
            "--base-url",
            envvar="OPENAI_BASE_URL",
            help="An OpenAI-compatible endpoint; several times for several servers of the same model.",
            rich_help_panel="Model",
        ),
    ] = None,
    api_key: options.ApiKey = None,
    model: options.Model = None,
    mode: options.ModeOption = options.Mode.tir,
    language: options.LanguageOption = options.Language.en,
    prompt: options.PromptOption = None,
    protocol: options.ProtocolOption = None,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    top_k: options.TopK = None,
    min_p: options.MinP = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", help="Of the run; each sample's own follows from it.", rich_help_panel="Sampling"
        ),
    ] = 0,
    max_executions: options.MaxExecutions = None,
    max_tokens: options.MaxTokens = None,
    context: options.Context = None,
    time_limit: options.TimeLimit = _DEFAULT.seconds,
    cell_timeout: options.CellTimeout = _DEFAULT.cell_seconds,
    max_repeats: options.MaxRepeats = _DEFAULT.repeated_errors,
    output_chars: options.OutputChars = _DEFAULT.output_chars,
    memory: options.Memory = 2048,
    isolation: options.IsolationOption = options.Isolation.namespaces,
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary as one JSON object on stdout.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Solve a data set: samples, votes, verdicts and numbers, in a folder that survives any end of the program.

    The same command again goes on where it was stopped. Ctrl-C once finishes what is under way, twice stops.
    Exit code 0 if all went well, 1 if rows could not be read or samples failed at the server or the sandbox,
    2 for wrong usage, 3 for an error that stopped the run, 130 when interrupted.
    """
    with told():
        asked = options.settings(
            base_url=base_url[0] if base_url else None,
            api_key=api_key,
            model=model,
            mode=mode,
            language=language,
            prompt=prompt,
            protocol=protocol,
            sampling=Sampling(temperature=temperature, top_p=top_p, top_k=top_k, min_p=min_p),
            limits=Limits(
                context=context,
                seconds=time_limit,
                cell_seconds=cell_timeout,
                repeated_errors=max_repeats,
                output_chars=output_chars,
            ),
            max_tokens=max_tokens,
            max_executions=max_executions,
            isolation=isolation,
            memory=memory,
        )
        data = load(
            dataset,
            data_dir=data_dir,
            split=split,
            config=config,
            columns=read_mapping(columns) if columns else None,
            ids=read_ids(ids) if ids else (),
            seed=shuffle,
            limit=limit,
            circular=circular,
            online=not offline,
        )
        complain_about_rows(data)
        plan = Plan(
            data.problems,
            data.samples,
            seed,
            _stop(stop, data.samples, vote_weight),
            vote_weight.value,
            logprobs or vote_weight is VoteWeight.likelihood,
            requests=concurrency,
            kernels=kernels or 2 * concurrency,
        )
        folder = out or _default_folder(data, model)
        carrier = Carrier(base_url or [], patience, quiet)
        code = asyncio.run(carry_out(carrier, data, plan, asked, folder, as_json))
    raise typer.Exit(code)


def _stop(text: str | None, samples: int, weight: VoteWeight) -> float | str | None:
    """The stop rule. Raises UsageError."""
    if text is None or text == "decided":
        chosen: float | str | None = text
    else:
        try:
            chosen = float(text)
        except ValueError:
            chosen = -1.0
        if not 0.5 < float(chosen) < 1:
            raise UsageError(f"--stop {text}: 'decided', or a probability between 0.5 and 1, is needed")
    if chosen is not None and samples < 2:
        raise UsageError("--stop needs several samples a problem", "for example gsm8k:8")
    if weight is not VoteWeight.equal and chosen != "decided":
        raise UsageError(
            f"--vote-weight {weight.value} is for --stop decided",
            "--stop P counts votes; with --logprobs the report has both votes",
        )
    return chosen


def _default_folder(data: DataSet, model: str | None) -> Path:
    words = [Path(data.name).stem, *([model.rsplit("/", 1)[-1]] if model else [])]
    return Path("runs") / re.sub(r"[^\w.-]+", "-", "-".join(words)).strip("-.").lower()
