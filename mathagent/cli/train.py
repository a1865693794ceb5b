"""`mathagent train`: the recipe of the embedded model, a command a stage; each writes a ledger beside what it makes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mathagent.cli.data import DataDir, Offline
from mathagent.cli.failures import notice, told
from mathagent.errors import UsageError

if TYPE_CHECKING:
    from mathagent.training.overlaps import Evaluation
    from mathagent.training.tune import Progress

Against = Annotated[
    list[str] | None,
    typer.Option("--against", help="An evaluation set, by name or file, to keep out; several times."),
]
Seed = Annotated[int, typer.Option(help="Equal seeds, equal results.")]

app = typer.Typer(
    help="Train a small model on problems that its own loop can check: build, tune, (run,) keep, tune again.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def build(
    output: Annotated[Path, typer.Option("--output", "-o", help="The examples, JSON Lines.")],
    gsm8k: Annotated[Path | None, typer.Option(help="GSM8K's training split, JSON Lines.")] = None,
    mawps: Annotated[
        Path | None, typer.Option(help="SVAMP's training split of MAWPS and ASDiv-A, CSV or JSON Lines.")
    ] = None,
    stories: Annotated[int, typer.Option(min=0, help="Problems out of the project's own grammar.")] = 1000,
    changed: Annotated[int, typer.Option(min=0, help="Copies of each problem with other numbers.")] = 1,
    longest: Annotated[
        int | None,
        typer.Option(min=1, help="Leave out problems longer than so many characters, program included."),
    ] = None,
    ended: Annotated[
        float,
        typer.Option(min=0, max=1, help="The share of examples that go on to the output and the answer."),
    ] = 0.35,
    at_most: Annotated[
        list[str] | None,
        typer.Option(help="SOURCE=N, as 'gsm8k changed=1000': draw so many of its examples; several times."),
    ] = None,
    against: Against = None,
    data_dir: DataDir = None,
    offline: Offline = False,
    seed: Seed = 0,
) -> None:
    """Turn worked solutions, equations and stories into programs; keep those that print the answer in the sandbox."""
    from kernels_sandbox import KernelPool
    from mathagent.training.build import BuildSettings
    from mathagent.training.build import build as build_examples
    from mathagent.training.example import write_examples

    with told():
        evaluation = _evaluation(against, data_dir, offline)
        settings = BuildSettings(
            gsm8k=gsm8k,
            mawps=mawps,
            stories=stories,
            changed=changed,
            longest=longest,
            ended=ended,
            at_most=_limits(at_most or ()),
            seed=seed,
        )

        async def work() -> None:
            async with KernelPool(warm=1) as pool:
                examples, ledger = await build_examples(settings, evaluation, pool)
            write_examples(output, examples)
            ledger.write(_ledger(output))

        asyncio.run(work())
        _tell(output)


@app.command()
def tune(
    data: Annotated[list[Path], typer.Argument(help="Files of examples, of `build` and `keep`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A folder; a run in it goes on.")],
    model: Annotated[
        Path | None, typer.Option(help="A folder that transformers reads.  \\[default: the embedded model]")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="The folder of an adapter to begin with, of an earlier round.")
    ] = None,
    epochs: Annotated[float, typer.Option(min=0, help="Passes over the examples.")] = 1.0,
    minutes: Annotated[
        float | None,
        typer.Option(min=0, help="End after so many minutes; the learning rate follows the clock."),
    ] = None,
    tokens: Annotated[int, typer.Option(min=1, help="Tokens of a batch.")] = 2048,
    rate: Annotated[
        float | None,
        typer.Option(min=0, help="The learning rate at its peak.  \\[default: 0.001; with --full 0.0003]"),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Train all weights of the layers, and write a whole model.")
    ] = False,
    rank: Annotated[int, typer.Option(min=1, help="The rank of the adapter.")] = 16,
    first_layer: Annotated[int, typer.Option(min=0, help="Layers below it are left alone.")] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="On a CPU.  \\[default: all cores]")] = None,
    seed: Seed = 0,
) -> None:
    """Fit an adapter, or a whole model, on CUDA in bfloat16 where there is a GPU, else on the CPU.

    `mathagent serve FOLDER` serves what it wrote. Ctrl-C leaves a checkpoint; the same command goes on from it.
    """
    from mathagent.serving import prepare_model
    from mathagent.training.stage import tune_files
    from mathagent.training.tune_settings import FULL_RATE, RATE, TuneSettings

    settings = TuneSettings(
        rank=rank,
        alpha=2 * rank,
        first_layer=first_layer,
        full=full,
        rate=rate if rate is not None else FULL_RATE if full else RATE,
        tokens=tokens,
        epochs=epochs,
        minutes=minutes,
        seed=seed,
    )
    with told():
        folder = model or prepare_model(notice, adapter=None)
        _say(tune_files(folder, data, output, settings, _say, start=start, threads=threads))
        typer.echo(output)


@app.command()
def keep(
    runs: Annotated[list[Path], typer.Argument(help="Folders of `mathagent run` over training problems.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The examples, JSON Lines.")],
    per_problem: Annotated[int, typer.Option(min=1, help="Different solutions of a problem at most.")] = 2,
    against: Against = None,
    data_dir: DataDir = None,
    offline: Offline = False,
) -> None:
    """Make examples of what the model itself solved: the answer is known to be right, and the code calculated it."""
    from mathagent.trace import read
    from mathagent.training.example import write_examples
    from mathagent.training.keep import kept
    from mathagent.training.ledger import Ledger

    with told():
        evaluation = _evaluation(against, data_dir, offline)
        ledger = Ledger("keep", {"runs": [str(path) for path in runs], "per_problem": per_problem})
        traces = (trace for path in runs for trace in read(path / "traces.jsonl"))
        write_examples(output, kept(traces, evaluation, ledger, per_problem=per_problem))
        ledger.write(_ledger(output))
        _tell(output)


@app.command()
def stories(
    output: Annotated[Path, typer.Option("--output", "-o", help="Problems with answers, JSON Lines.")],
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many.")] = 100,
    seed: Seed = 1,
) -> None:
    """Write problems of the project's own grammar with their answers, for measuring: take a seed not trained with."""
    from mathagent.run.folder import write_whole
    from mathagent.training.grammar import stories as told_stories

    with told():
        rows = [
            {"id": each.id, "problem": each.problem, "answer": each.answer}
            for each in told_stories(count, seed)
        ]
        write_whole(output, "".join(json.dumps(row) + "\n" for row in rows))
        typer.echo(output)


def _limits(told: Sequence[str]) -> dict[str, int]:
    from mathagent.training.build import SOURCES

    limits: dict[str, int] = {}
    for each in told:
        source, _, count = each.rpartition("=")
        if source not in SOURCES or not count.isdecimal():
            raise UsageError(
                f"--at-most {each!r} is not SOURCE=N", f"a source is one of {', '.join(SOURCES)}"
            )
        limits[source] = int(count)
    return limits


def _evaluation(against: list[str] | None, data_dir: Path | None, offline: bool) -> Evaluation:
    from mathagent.data import load
    from mathagent.training.overlaps import Evaluation

    evaluation = Evaluation()
    for name in against or ():
        data = load(name, data_dir=data_dir, online=not offline)
        evaluation.add(data.name, data.problems)
    if not against:
        notice("no evaluation set is kept out: name those that you will measure on with --against")
    return evaluation


def _ledger(output: Path) -> Path:
    return output.with_name(f"{output.stem}.ledger.json")


def _tell(output: Path) -> None:
    ledger = json.loads(_ledger(output).read_text(encoding="utf-8"))
    for source, counts in ledger["counts"].items():
        dropped = ", ".join(f"{count} {reason}" for reason, count in counts["dropped"].items())
        notice(f"{source}: {counts['kept']} kept" + (f"; dropped: {dropped}" if dropped else ""))
    typer.echo(output)


def _say(progress: Progress) -> None:
    speed = progress.tokens / progress.seconds if progress.seconds else 0.0
    notice(
        f"{progress.share:4.0%}  step {progress.step}  {progress.examples} examples  {progress.tokens} tokens"
        f"  {progress.seconds:.0f} s ({speed:.0f} tokens/s)  loss {progress.loss:.3f}"
    )
