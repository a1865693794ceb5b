"""`mathagent iterate`: rounds of self-iteration, from a data set to files to train on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.text import Text

from mathagent.cli import options
from mathagent.cli.augment import (
    Agree,
    BaseUrls,
    Concurrency,
    Patience,
    PerProblem,
    RunSeed,
    SolveSamples,
    Ways,
)
from mathagent.cli.data import ColumnMap, DataDir, Ids, Offline, Shuffle, complain_about_rows
from mathagent.cli.decontaminate import Against
from mathagent.cli.failures import Exit, console, notice, told
from mathagent.cli.machine import write_json
from mathagent.cli.running import Carrier
from mathagent.data import DataSet, load, read_ids, read_mapping
from mathagent.errors import UsageError
from mathagent.limits import Limits
from mathagent.run.open import served_model
from mathagent.run.plan import Plan
from mathagent.run.staged import Stopped, open_stages
from mathagent.settings import Settings
from mathagent.types import Sampling

if TYPE_CHECKING:
    from mathagent.iterate import Options as Iterating


class Verifier(StrEnum):
    """What a verifier is asked of a solution."""

    outcome = "outcome"
    process = "process"


_DEFAULT = Limits()
_EXAMPLES = "Training examples"
_VERIFIERS: Mapping[Verifier | None, Literal["outcome", "process"]] = {
    Verifier.outcome: "outcome",
    Verifier.process: "process",
}


def iterate(
    dataset: Annotated[str, typer.Argument(help="A short name, a file, a folder, or a hub id.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the rounds.")],
    rounds: Annotated[
        int,
        typer.Option("--rounds", min=1, help="How many; it may be raised later.", rich_help_panel="Augment"),
    ] = 1,
    ways: Ways = None,
    per_problem: PerProblem = 1,
    solve_samples: SolveSamples = 4,
    agree: Agree = 0.75,
    against: Against = None,
    short_enough: Annotated[
        int | None,
        typer.Option(
            "--short-enough",
            min=1,
            metavar="TOKENS",
            help="Solutions of at most so many generated tokens.",
            rich_help_panel=_EXAMPLES,
        ),
    ] = None,
    any_code: Annotated[
        bool,
        typer.Option(
            "--any-code",
            help="Keep solutions that use nothing out of their code's outputs.",
            rich_help_panel=_EXAMPLES,
        ),
    ] = False,
    verify: Annotated[
        Verifier | None,
        typer.Option(
            "--verify",
            help="Have the model judge the solutions: is the answer right, or is each step?",
            rich_help_panel=_EXAMPLES,
        ),
    ] = None,
    min_reward: Annotated[
        float | None,
        typer.Option(
            "--min-reward",
            min=0.0,
            max=1.0,
            help="With --verify: at least this probability.  \\[default: 0.5]",
            rich_help_panel=_EXAMPLES,
        ),
    ] = None,
    solutions: Annotated[
        int,
        typer.Option("--solutions", min=1, help="So many of one problem at most.", rich_help_panel=_EXAMPLES),
    ] = 4,
    pairs: Annotated[
        int,
        typer.Option("--pairs", min=1, help="Preferences of each problem.", rich_help_panel=_EXAMPLES),
    ] = 1,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="At most so many problems.")
    ] = None,
    ids: Ids = None,
    shuffle: Shuffle = None,
    data_dir: DataDir = None,
    columns: ColumnMap = None,
    offline: Offline = False,
    concurrency: Concurrency = 32,
    patience: Patience = 300.0,
    base_url: BaseUrls = None,
    api_key: options.ApiKey = None,
    model: options.Model = None,
    mode: options.ModeOption = options.Mode.tir,
    prompt: options.PromptOption = None,
    protocol: options.ProtocolOption = None,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    top_k: options.TopK = None,
    min_p: options.MinP = None,
    seed: RunSeed = 0,
    max_executions: options.MaxExecutions = None,
    max_tokens: options.MaxTokens = None,
    time_limit: options.TimeLimit = _DEFAULT.seconds,
    cell_timeout: options.CellTimeout = _DEFAULT.cell_seconds,
    memory: options.Memory = 2048,
    isolation: options.IsolationOption = options.Isolation.namespaces,
    as_json: Annotated[bool, typer.Option("--json", help="The rounds as one JSON array on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Run rounds: augment, solve, verify, filter, deduplicate, export. Each takes the problems that the last one made.

    Every stage is a run: kill it at any moment, the same command goes on. A further round may be run with another
    model, trained on what the last one gave: serve it and raise --rounds. mathagent status tells how far it is.
    Exit code 0, 2 for wrong usage, 3 for an error, 130 when interrupted.
    """
    from mathagent.augment import Options as Augmenting
    from mathagent.augment import read_ways
    from mathagent.examples import Wanted
    from mathagent.iterate import Options as Iterating
    from mathagent.overlap import load_evaluation

    with told():
        asked = options.settings(
            base_url=base_url[0] if base_url else None,
            api_key=api_key,
            model=model,
            mode=mode,
            language=options.Language.en,
            prompt=prompt,
            protocol=protocol,
            sampling=Sampling(temperature=temperature, top_p=top_p, top_k=top_k, min_p=min_p),
            limits=Limits(seconds=time_limit, cell_seconds=cell_timeout),
            max_tokens=max_tokens,
            max_executions=max_executions,
            isolation=isolation,
            memory=memory,
        )
        if min_reward is not None and verify is None:
            raise UsageError("--min-reward needs --verify")
        evaluation = load_evaluation(against or [], data_dir=data_dir, online=not offline)
        chosen = Iterating(
            rounds,
            Augmenting(read_ways(ways), per_problem, solve_samples, agree, evaluation),
            Wanted(
                correct=True,
                tokens=short_enough,
                mattered=not any_code,
                reward=None if verify is None else 0.5 if min_reward is None else min_reward,
                distinct=True,
                most=solutions,
            ),
            _VERIFIERS.get(verify),
            pairs,
        )
        data = load(
            dataset,
            data_dir=data_dir,
            columns=read_mapping(columns) if columns else None,
            ids=read_ids(ids) if ids else (),
            seed=shuffle,
            limit=limit,
            online=not offline,
        )
        complain_about_rows(data)
        plan = Plan((), seed=seed, requests=concurrency, kernels=2 * concurrency)
        carrier = Carrier(base_url or [], patience, quiet)
        summaries = asyncio.run(_iterate(data, chosen, asked, plan, carrier, out))
        if summaries is None:
            raise typer.Exit(Exit.interrupted)
        if as_json:
            write_json(list(summaries))
        else:
            _draw(summaries, out)


async def _iterate(
    data: DataSet, chosen: Iterating, settings: Settings, plan: Plan, carrier: Carrier, out: Path
) -> Sequence[Mapping[str, Any]] | None:
    """Run the rounds; their summaries, or None where a person stopped them."""
    from mathagent.iterate import iterate as go
    from mathagent.iterate import settings_of

    model = await served_model(settings, carrier.addresses, notice)
    with open_stages(out, settings_of(data, chosen, settings, plan.seed), plan, carrier.stage) as stages:
        try:
            return await go(data, chosen, settings, stages, model, notice)
        except Stopped as stopped:
            notice(f"stopped in {stopped.folder}: the same command goes on from here")
            return None


def _draw(summaries: Sequence[Mapping[str, Any]], out: Path) -> None:
    """What every round gave, and why the rest was dropped."""
    screen = console()
    for summary in summaries:
        problems, solutions = summary["problems"], summary["solutions"]
        screen.print(Text(f"round {summary['round']}  {summary['model']}", style="bold"), soft_wrap=True)
        for what, counts, of, dropped in (
            ("new problems", problems, "asked", summary["problems_dropped"]),
            ("solutions", solutions, "drawn", summary["solutions_dropped"]),
        ):
            reasons = "".join(f", {reason}: {number}" for reason, number in dropped.items())
            line = Text(f"  {what}: {counts['kept']} of {counts[of]} {of}")
            screen.print(line.append(reasons, style="dim"), soft_wrap=True)
        written = ", ".join(f"{name} {number}" for name, number in summary["exported"].items())
        screen.print(Text(f"  written: {written}"), soft_wrap=True)
        tokens, seconds = sum(summary["tokens"].values()), sum(summary["seconds"].values())
        cost = f"  {tokens} tokens, {seconds:.0f} s of model and kernels"
        screen.print(Text(cost, style="dim"), soft_wrap=True)
    screen.print(Text(f"files to train on: {out}/round-{len(summaries)}/export"), soft_wrap=True)
