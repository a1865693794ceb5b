"""The difference of two traces of one problem, step by step, drawn for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from rich.console import RenderableType
from rich.rule import Rule
from rich.text import Text

from mathagent.compare.steps import Aligned, Unit
from mathagent.shown import clean
from mathagent.trace import Trace
from mathagent.views import parts

_WORDS = 3000  # of a stretch of prose: more are compared line by line
_REMOVED, _ADDED = "red", "green"


def steps_parts(
    traces: tuple[Trace, Trace], labels: tuple[str, str], verdicts: tuple[str, str], rows: Sequence[Aligned]
) -> Iterator[RenderableType]:
    """The problem, every pair of steps (- the first run, + the second), and how each ended."""
    yield Rule("problem", align="left", style="dim")
    yield parts.prose(traces[0].problem.text)
    for number, row in enumerate(rows, 1):
        yield Rule(f"{number}. {_title(row, labels)}", align="left", style="dim")
        yield from _row(row)
    yield Rule("end", align="left", style="dim")
    styles = (("-", _REMOVED), ("+", _ADDED))
    for trace, label, verdict, (mark, style) in zip(traces, labels, verdicts, styles, strict=True):
        answer = "no answer" if trace.answer is None else " ".join(trace.answer.split())
        figures = parts.figures(trace.usage, trace.seconds).plain
        ending = f"{mark} {label}: {answer} ({verdict}) · {trace.finish.reason} · {figures}"
        yield Text(clean(ending), style=style)


def _title(row: Aligned, labels: tuple[str, str]) -> str:
    if row.first is None or row.second is None:
        return clean(f"{row.kind}, only in {labels[1] if row.first is None else labels[0]}")
    return f"{row.kind}, the same" if row.same else row.kind


def _row(row: Aligned) -> Iterator[RenderableType]:
    if row.same:
        yield Text(_indented(row.first.text if row.first else ""), style="dim")
        return
    one, other = row.first, row.second
    if one is None or other is None or (one.text != other.text and row.kind == "code"):
        yield from _lines(row.diff()[1 if one is None or other is None else 0 :])
    elif one.text == other.text:
        yield Text(_indented(one.text), style="dim")
    else:
        yield _words(one, other)
    if row.kind == "code" and (one is None or other is None or one.output != other.output):
        yield Text("  output" + _statuses(one, other), style="dim")
        yield from _lines(row.output_diff()[1 if one is None or other is None else 0 :])


def _statuses(one: Unit | None, other: Unit | None) -> str:
    found = [unit.status or "not run" for unit in (one, other) if unit is not None]
    return "" if found[0] == found[-1] == "ok" else f" ({' then '.join(dict.fromkeys(found))})"


def _lines(lines: Sequence[str]) -> Iterator[RenderableType]:
    for line in lines:
        style = {"-": _REMOVED, "+": _ADDED, "@": "dim"}.get(line[:1], "")
        yield Text(clean(f"  {line}"), style=style)


def _words(one: Unit, other: Unit) -> RenderableType:
    """Prose with the words that only one side has; short stretches of words stay together."""
    before, after = clean(one.text).split(), clean(other.text).split()
    text = Text("  ")
    if len(before) + len(after) > _WORDS:
        return Text.assemble((f"  - {' '.join(before)}\n", _REMOVED), (f"  + {' '.join(after)}", _ADDED))
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            text.append(" ".join(before[a:b]) + " ")
            continue
        if b > a:
            text.append(f"[-{' '.join(before[a:b])}-]", style=_REMOVED).append(" ")
        if d > c:
            text.append(f"{{+{' '.join(after[c:d])}+}}", style=_ADDED).append(" ")
    return text


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in clean(text).splitlines())
