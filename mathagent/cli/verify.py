"""`mathagent verify`: judge the solutions of a run, or one solution, by the probabilities of a verifier's words."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mathagent.cli import options
from mathagent.cli.carry_out import carry_out
from mathagent.cli.failures import notice, told
from mathagent.cli.running import Carrier
from mathagent.cli.verify_one import verify_one
from mathagent.data import DataSet
from mathagent.errors import UsageError
from mathagent.limits import Limits
from mathagent.run.plan import Plan
from mathagent.run.report import Stored, open_stored
from mathagent.types import Sampling
from mathagent.verify.items import items

_DEFAULT = Limits()
_RUN, _ONE = "Run", "One solution"


class RoleName(StrEnum):
    """What a verifier is asked."""

    outcome = "outcome"
    process = "process"
    pairwise = "pairwise"
    select = "select"


def verify(
    run: Annotated[
        Path | None,
        typer.Argument(help="The folder of a run, or a file with rows of any tool (problem and solution)."),
    ] = None,
    role: Annotated[
        RoleName,
        typer.Option(
            "--role",
            help="outcome: is the final answer right? process: each step? pairwise: which of two is better? "
            "select: which of all?",
        ),
    ] = RoleName.outcome,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Folder of the verification.  \\[default: RUN-ROLE]", rich_help_panel=_RUN
        ),
    ] = None,
    samples: Annotated[
        int,
        typer.Option(
            "--samples", "-k", min=1, help="Judgements of each; useful with --mode tir.", rich_help_panel=_RUN
        ),
    ] = 1,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, help="At most so many judgements.", rich_help_panel=_RUN),
    ] = None,
    problem: Annotated[
        str | None, typer.Option("--problem", help="The problem of one solution.", rich_help_panel=_ONE)
    ] = None,
    solution: Annotated[
        list[Path] | None,
        typer.Option(
            "--solution",
            help="A file with a solution of --problem; - reads standard input; several for pairwise and select.",
            rich_help_panel=_ONE,
        ),
    ] = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, help="Requests in flight.", rich_help_panel=_RUN)
    ] = 32,
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
    mode: Annotated[
        options.Mode,
        typer.Option(
            "--mode",
            help="cot: decide at once; tir: reason and run code first.",
            rich_help_panel="Model",
        ),
    ] = options.Mode.cot,
    prompt: options.PromptOption = None,
    protocol: options.ProtocolOption = None,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the run.", rich_help_panel="Sampling")] = 0,
    max_executions: options.MaxExecutions = None,
    max_tokens: options.MaxTokens = None,
    context: options.Context = None,
    time_limit: options.TimeLimit = _DEFAULT.seconds,
    cell_timeout: options.CellTimeout = _DEFAULT.cell_seconds,
    memory: options.Memory = 2048,
    isolation: options.IsolationOption = options.Isolation.namespaces,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Judge the solutions of a run, each by the probabilities that a model gives to the words of a verdict.

    The judgements are a run of their own: durable, resumable, traced, reported with the calibration of their
    probabilities where the right verdicts are known, and read by `mathagent rerank`. Reward models behind vLLM's
    pooling endpoints judge in the same way. Exit codes are those of `mathagent run`.
    """
    with told():
        asked = options.settings(
            base_url=base_url[0] if base_url else None,
            api_key=api_key,
            model=model,
            mode=mode,
            language=options.Language.en,
            prompt=prompt,
            protocol=protocol,
            sampling=Sampling(temperature=temperature, top_p=top_p),
            limits=Limits(context=context, seconds=time_limit, cell_seconds=cell_timeout),
            max_tokens=max_tokens,
            max_executions=max_executions,
            isolation=isolation,
            memory=memory,
        )
        asked = replace(asked, role=role.value)
        if (run is None) == (problem is None) or (problem is None) != (not solution):
            raise UsageError(
                "verify needs a run, or a problem with its solution",
                "mathagent verify RUN, or mathagent verify --problem TEXT --solution FILE",
            )
        if problem is not None:
            code = asyncio.run(verify_one(problem, solution or [], asked, as_json=as_json))
        else:
            assert run is not None
            stored = open_stored(run)
            for line in stored.notices:
                notice(line)
            data = _data(stored, role, samples, limit)
            plan = Plan(data.problems, samples, seed, requests=concurrency, kernels=2 * concurrency)
            folder = out or run.with_name(f"{run.stem if run.is_file() else run.name}-{role.value}")
            carrier = Carrier(base_url or [], patience, quiet)
            code = asyncio.run(carry_out(carrier, data, plan, asked, folder, as_json))
    raise typer.Exit(code)


def _data(stored: Stored, role: RoleName, samples: int, limit: int | None) -> DataSet:
    """The judgements as a data set."""
    judged = sum(row.votes for row in stored.rows)
    if judged < len(stored.rows):
        notice(f"{len(stored.rows) - judged} of {len(stored.rows)} samples have no answer and are not judged")
    problems = tuple(items(stored.rows, role.value)[:limit])
    name = f"{stored.path.resolve().name} ({role.value})"
    return DataSet(name, "", str(stored.path), problems, samples=samples, total=len(problems))
