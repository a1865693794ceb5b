"""Two runs side by side, drawn for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mathagent.compare.result import Accuracy, Comparison, Flip, Part, Share, Work
from mathagent.shown import clean


def comparison_parts(found: Comparison, by: str | None = None, limit: int = 10) -> Iterator[RenderableType]:
    """The result in a sentence, the accuracies, what samples take, and the problems that flipped.

    Args:
        found: the comparison.
        by: level or type: a line for each, beside all problems together.
        limit: problems that are listed of each direction.
    """
    yield Text(clean(f"{found.second} against {found.first}"), style="bold")
    yield Text(clean(_over(found)))
    for line in found.settings:
        yield Text(clean(f"  {line}"), style="dim")
    if found.problems:
        yield _accuracies(found)
        if by:
            parts = found.by_level if by == "level" else found.by_type
            yield _parts(found, parts, by) if parts else Text(f"no problem has a {by}", style="dim")
        if found.work:
            yield _work(found)
    yield Text(clean(found.says), style="bold")
    if found.overall.p_sign_flip is not None:
        yield Text(
            f"McNemar's exact test, on majority votes; sign-flip test on pass@1: p = {found.overall.p_sign_flip:.2g}"
        )
    elif found.overall.gained or found.overall.lost:
        yield Text("McNemar's exact test")
    yield from _flips(f"solved by {found.second} only", found.gained, limit)
    yield from _flips(f"solved by {found.first} only", found.lost, limit)
    for note in found.notes:
        yield Text(clean(f"note: {note}"), style="yellow")


def _over(found: Comparison) -> str:
    out = [
        f"{number} {where}"
        for number, where in (
            (found.only_first, f"only in {found.first}"),
            (found.only_second, f"only in {found.second}"),
            (found.uncounted, "without a counted sample in one of them"),
        )
        if number
    ]
    said = f"over {found.problems} problems that both have"
    return f"{said}; left out: {', '.join(out)}" if out else said


def _accuracies(found: Comparison) -> RenderableType:
    table = _table("", clean(found.first), clean(found.second), "difference", "95% interval")
    for each in found.overall.accuracies:
        one, other = (_share(share) for share in (each.first, each.second))
        table.add_row(each.name, one, other, *_difference(each))
    return table


def _parts(found: Comparison, parts: Sequence[Part], by: str) -> RenderableType:
    sides = (clean(found.first), clean(found.second))
    tests = ("gained", "lost", "p", "p (Holm)")
    name = f"{by} ({parts[0].accuracies[-1].name})"
    table = _table(name, "problems", *sides, "difference", "95% interval", *tests)
    for part in parts:
        each = part.accuracies[-1]
        table.add_row(
            Text(clean(part.name)),
            str(part.problems),
            _percent(each.first.percent),
            _percent(each.second.percent),
            *_difference(each),
            str(part.gained),
            str(part.lost),
            f"{part.p:.2g}",
            f"{part.p_holm:.2g}",
        )
    return table


def _difference(each: Accuracy) -> tuple[str, str]:
    return f"{each.difference:+.2f} points", f"{each.ci_low:+.1f} to {each.ci_high:+.1f}"


def _work(found: Comparison) -> RenderableType:
    table = _table("a sample takes", clean(found.first), clean(found.second), "", "95% interval")
    for each in found.work:
        table.add_row(
            each.name, *(_amount(each, value) for value in (each.first, each.second)), *_change(each)
        )
    return table


def _amount(work: Work, value: float) -> str:
    return f"{value:.0f}" if work.unit == "tokens" else f"{value:.2f}"


def _change(work: Work) -> tuple[str, str]:
    if work.ratio is not None:
        return f"times {work.ratio:.2f}", f"{work.ci_low:.2f} to {work.ci_high:.2f}"
    return f"{work.difference:+.2f}", f"{work.ci_low:+.2f} to {work.ci_high:+.2f}"


def _flips(title: str, flips: Sequence[Flip], limit: int) -> Iterator[RenderableType]:
    if not flips:
        return
    yield Text(clean(f"{title}: {len(flips)}"), style="bold")
    for flip in flips[:limit]:
        where = flip.id if flip.second_id == flip.id else f"{flip.id} ({flip.second_id})"
        about = ", ".join(filter(None, (flip.level and f"level {flip.level}", flip.type)))
        sides = f"{_short(flip.first)} then {_short(flip.second)}, known {_short(flip.gold)}"
        yield Text(clean(f"  {where}{f' [{about}]' if about else ''}: {sides}"))
    if len(flips) > limit:
        yield Text(f"  and {len(flips) - limit} more: --limit, or --json for all", style="dim")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(
            Text(column), justify="right" if place else "left", no_wrap=place > 0, overflow="fold"
        )
    return table


def _share(share: Share) -> str:
    return f"{share.percent:.2f}% ({share.ci_low:.1f} to {share.ci_high:.1f})"


def _percent(value: float) -> str:
    return f"{value:.2f}%"


def _short(text: str | None) -> str:
    line = " ".join(clean(text or "no answer").split())
    return line if len(line) <= 40 else line[:39] + "…"
