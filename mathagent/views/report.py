"""The numbers of a run, drawn for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mathagent.run.regrade import Disagreement, Flip
from mathagent.run.summary import Counts, Group, Summary
from mathagent.shown import clean
from mathagent.views.calibration import calibration_parts

_COLUMNS = (
    "evaluation_mode",
    "num_entries",
    "avg_tokens",
    "gen_seconds",
    "symbolic_correct",
    "95% interval",
    "no_answer",
)
_WORK = ("avg_tokens", "gen_seconds")
_FLIPS_SHOWN = 20


def report_parts(summary: Summary, by: str | None = None) -> Iterator[RenderableType]:
    """The tables and lines of a summary; `by` level or type shows these groups instead of all problems together."""
    title = " · ".join(filter(None, (summary.data, summary.model, f"{summary.k} samples a problem")))
    yield Text(clean(title), style="bold")
    groups = {"level": summary.by_level, "type": summary.by_type}.get(by or "", [])
    if by and not groups:
        yield Text(f"no problem has a {by}", style="dim")
    yield (
        metrics_table(groups, by, summary.k)
        if by and groups
        else metrics_table([summary.overall], None, summary.k)
    )
    for line in (*_count_lines(summary.overall.counts), *_work_lines(summary)):
        yield Text(clean(line))
    if summary.calibration is not None:
        yield from calibration_parts(summary.calibration)
    for note in summary.notes:
        yield Text(clean(f"note: {note}"), style="yellow")


def metrics_table(groups: Sequence[Group], by: str | None, k: int) -> RenderableType:
    """A line for each group and evaluation mode; with several groups those at the full k only."""
    if not any(group.metrics for group in groups):
        return Text("no sample has a verdict", style="dim")
    every = [metric for group in groups for metric in group.metrics]
    timed = any(metric.avg_tokens or metric.gen_seconds for metric in every)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in (by, *_COLUMNS):
        if column is not None and (timed or column not in _WORK):
            left = column in (by, "evaluation_mode")
            fixed = column in (by, "evaluation_mode", "95% interval")
            table.add_column(column, justify="left" if left else "right", no_wrap=fixed, overflow="fold")
    for group in groups:
        chosen = [metric for metric in group.metrics if not by or _at_full(metric.evaluation_mode, k)]
        for place, metric in enumerate(chosen):
            work = (f"{metric.avg_tokens:.0f}", f"{metric.gen_seconds:.0f}") if timed else ()
            table.add_row(
                *((Text(clean(group.name) if place == 0 else ""),) if by else ()),
                Text(metric.evaluation_mode),
                f"{metric.num_entries}",
                *work,
                f"{metric.symbolic_correct:.2f}%",
                f"{metric.ci_low:.1f} to {metric.ci_high:.1f}",
                f"{metric.no_answer:.2f}%",
            )
    return table


def _at_full(mode: str, k: int) -> bool:
    return mode.partition("[")[0].endswith(("@1", f"@{k}"))


def flip_parts(flips: Sequence[Flip]) -> Iterator[RenderableType]:
    """Verdicts that changed: how many of each kind, and the first ones."""
    if not flips:
        yield Text("no verdict changed")
        return
    kinds: dict[str, int] = {}
    for flip in flips:
        kind = f"{flip.before} to {flip.after}"
        kinds[kind] = kinds.get(kind, 0) + 1
    counted = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    changed = "1 verdict changed" if len(flips) == 1 else f"{len(flips)} verdicts changed"
    yield Text(f"{changed}: {counted}", style="bold")
    for flip in flips[:_FLIPS_SHOWN]:
        sides = f"{_short(flip.answer)} against {_short(flip.gold)}"
        yield Text(
            f"  {clean(flip.id)}#{flip.sample}: {flip.before} to {flip.after}: {sides} ({_short(flip.detail)})"
        )
    if len(flips) > _FLIPS_SHOWN:
        yield Text(f"  and {len(flips) - _FLIPS_SHOWN} more: --json lists all", style="dim")


def audit_parts(pairs: int, found: Sequence[Disagreement]) -> Iterator[RenderableType]:
    """Where two graders disagree, all of it: that is what an audit is for."""
    yield Text(f"audit: the graders disagree on {len(found)} of {pairs} answers", style="bold")
    for each in found:
        where = each.samples[0] + (f" and {len(each.samples) - 1} more" if len(each.samples) > 1 else "")
        yield Text(clean(f"  {where}: {_short(each.answer)} against {_short(each.gold)}"))
        yield Text("    " + " ".join(clean(each.reason).split()), style="dim")


def _count_lines(counts: Counts) -> Iterator[str]:
    parts = [f"{counts.correct} correct", f"{counts.wrong} wrong", f"{counts.undecided} undecided"]
    parts += [
        f"{number} {word}"
        for word, number in (("ungraded", counts.ungraded), ("stopped", counts.stopped))
        if number
    ]
    parts += [f"{number} {reason}" for reason, number in sorted(counts.failed.items())]
    yield f"samples    {counts.samples} of {counts.problems} problems: {', '.join(parts)}"
    limits = [f"{number} {reason}" for reason, number in counts.limits.items()]
    yield f"endings    {', '.join([f'{counts.no_answer} without an answer', *limits])}"
    events = (
        (counts.kernel_deaths, "kernel deaths"),
        (counts.code_timeouts, "timeouts"),
        (counts.code_errors, "errors of the code"),
    )
    if any(number for number, _ in events):
        yield f"cells      {', '.join(f'{number} {name}' for number, name in events if number)}"


def _work_lines(summary: Summary) -> Iterator[str]:
    usage = summary.usage
    if usage.generated_tokens or usage.prompt_tokens:
        cached = "" if usage.cached_tokens is None else f", {usage.cached_tokens} of them cached"
        yield f"tokens     {usage.generated_tokens} generated, {usage.prompt_tokens} of prompts{cached}"
    if usage.seconds or usage.code_rounds:
        model, kernels = usage.model_seconds, usage.kernel_seconds
        yield f"time       {model:.0f} s in the model, {kernels:.0f} s in kernels, {usage.code_rounds} code rounds"
    if usage.cost is not None:
        yield f"cost       {usage.cost:.4f}"
    saved = summary.saved
    if saved.samples:
        yield (
            f"saved      {saved.samples} samples of {saved.problems} problems, about {saved.tokens} tokens, "
            "by early stopping"
        )
    if summary.marks is not None:
        percent = "" if summary.marks.percent is None else f" ({summary.marks.percent:.1f}%)"
        marks = summary.marks
        yield f"marks      {marks.marks:g} of {marks.max_marks:g}{percent} over {marks.samples} samples"
    if summary.std_dev_across_runs is not None:
        runs = ", ".join(f"{run.correct}/{run.counted}" for run in summary.runs[:16])
        more = ", ..." if len(summary.runs) > 16 else ""
        yield f"by sample  {runs}{more} correct, standard deviation {summary.std_dev_across_runs:.2f} points"


def _short(text: str | None) -> str:
    line = " ".join(clean(text or "no answer").split())
    return line if len(line) <= 60 else line[:59] + "…"
