"""`mathagent augment`: new problems out of a data set, solved by several samples, kept if they agree."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from mathagent.cli import options
from mathagent.cli.data import ColumnMap, DataDir, Ids, Offline, Shuffle, complain_about_rows
from mathagent.cli.decontaminate import Against
from mathagent.cli.failures import Exit, console, notice, told
from mathagent.cli.machine import write_json
from mathagent.cli.running import Carrier
from mathagent.data import DataSet, load, read_ids, read_mapping
from mathagent.limits import Limits
from mathagent.run.open import served_model
from mathagent.run.plan import Plan
from mathagent.run.staged import Stopped, open_stages
from mathagent.settings import Settings
from mathagent.types import Sampling

if TYPE_CHECKING:
    from mathagent.augment import Options as Augmenting

_DEFAULT = Limits()
_AUGMENT, _RUN = "Augment", "Run"

Ways = Annotated[
    str | None,
    typer.Option(
        "--ways",
        help="rephrase, similar, harder, numbers, fractions, statement, backward.  \\[default: all]",
        rich_help_panel=_AUGMENT,
    ),
]
PerProblem = Annotated[
    int,
    typer.Option(
        "--per-problem", min=1, help="New problems asked for, in each way.", rich_help_panel=_AUGMENT
    ),
]
SolveSamples = Annotated[
    int,
    typer.Option(
        "--solve-samples", min=1, help="Samples that solve each new problem.", rich_help_panel=_AUGMENT
    ),
]
Agree = Annotated[
    float,
    typer.Option(
        "--agree",
        min=0.0,
        max=1.0,
        help="Share of the samples that must give the leading answer.",
        rich_help_panel=_AUGMENT,
    ),
]
Concurrency = Annotated[
    int, typer.Option("--concurrency", "-c", min=1, help="Requests in flight.", rich_help_panel=_RUN)
]
Patience = Annotated[
    float,
    typer.Option("--patience", min=0, help="Seconds to wait while no server answers.", rich_help_panel=_RUN),
]
BaseUrls = Annotated[
    list[str] | None,
    typer.Option(
        "--base-url",
        envvar="OPENAI_BASE_URL",
        help="An OpenAI-compatible endpoint; several times for several servers of the same model.",
        rich_help_panel="Model",
    ),
]
RunSeed = Annotated[
    int,
    typer.Option(
        "--seed", help="Of the runs; each sample's own follows from it.", rich_help_panel="Sampling"
    ),
]


def augment(
    dataset: Annotated[str, typer.Argument(help="A short name, a file, a folder, or a hub id.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the stages.")],
    ways: Ways = None,
    per_problem: PerProblem = 1,
    solve_samples: SolveSamples = 4,
    agree: Agree = 0.75,
    against: Against = None,
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
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary as one JSON object on stdout.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Make new problems: ask a model for them, solve each several times, keep those whose samples agree.

    Dropped, with counts: replies that are no problem, copies of a problem of --against, near-duplicates, problems on
    which the samples disagree. problems.jsonl is read by mathagent run. Every stage is a run: the same command goes on
    where it was stopped. Exit code 0, 2 for wrong usage, 3 for an error, 130 when interrupted.
    """
    from mathagent.augment import Options, read_ways
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
        chosen = Options(
            read_ways(ways),
            per_problem,
            solve_samples,
            agree,
            load_evaluation(against or [], data_dir=data_dir, online=not offline),
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
        summary = asyncio.run(_augment(data, chosen, asked, plan, carrier, out))
        if summary is None:
            raise typer.Exit(Exit.interrupted)
        if as_json:
            write_json(dict(summary))
        else:
            draw_augmentation(summary)


async def _augment(
    data: DataSet, chosen: Augmenting, settings: Settings, plan: Plan, carrier: Carrier, out: Path
) -> Mapping[str, Any] | None:
    """Run the stages; the summary, or None where a person stopped it."""
    from mathagent.augment import augment as make
    from mathagent.augment import settings_of

    model = await served_model(settings, carrier.addresses, notice)
    about = settings_of(data, chosen, settings, plan.seed, model)
    with open_stages(out, about, plan, carrier.stage) as stages:
        try:
            return (await make(data, chosen, settings, stages)).summary
        except Stopped as stopped:
            notice(f"stopped in {stopped.folder}: the same command goes on from here")
            return None


def draw_augmentation(summary: Mapping[str, Any]) -> None:
    """How many were asked for and kept, by way, and why the others were dropped."""
    screen = console()
    for way, counts in summary["ways"].items():
        screen.print(Text(f"{way:<12}{counts['kept']:>6} of {counts['asked']}"))
    screen.print(Text(f"{'kept':<12}{summary['kept']:>6} of {summary['asked']}", style="bold"))
    for reason, number in summary["dropped"].items():
        screen.print(Text(f"  {number:>5}  {reason}", style="dim"))
    tokens, seconds = summary["tokens"], summary["seconds"]
    cost = f"{tokens['asked']} tokens to ask, {tokens['solved']} to solve"
    screen.print(
        Text(f"{cost}; {seconds['asked'] + seconds['solved']:.0f} s of model and kernels", style="dim")
    )
