"""A trace as the blocks that are read one after another: problem, prose, code, output, request, end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rich.console import Group, RenderableType
from rich.text import Text

from mathagent.collection import Entry
from mathagent.shown import clean
from mathagent.trace import Trace
from mathagent.trace.events import choice_of
from mathagent.trace.schema import (
    ChoiceStep,
    CodeStep,
    FailureStep,
    OutputStep,
    PrefillStep,
    RequestStep,
    TextStep,
)
from mathagent.views import parts
from mathagent.views.trace import figures, head, request

Kind = Literal["problem", "prose", "thinking", "code", "output", "detail", "failure", "end"]


@dataclass(frozen=True, slots=True)
class Block:
    """One block.

    kind: what it is; "detail" for requests and settings. title: one clean line; "" for none. style: of the title and
    of the bar beside the block, as rich names it. body: what is drawn. source: the code as it was run, of a code block.
    """

    kind: Kind
    title: str
    style: str
    body: RenderableType
    source: str = ""


def blocks_of(trace: Trace, entry: Entry) -> Iterator[Block]:
    """The blocks of a trace."""
    yield Block("problem", "problem", "bold", parts.prose(trace.problem.text))
    for step in trace.steps:
        match step:
            case TextStep():
                yield from _text(step)
            case ChoiceStep():
                yield Block("prose", "", "", parts.choice(choice_of(step)))
            case CodeStep():
                yield from _code(step)
            case OutputStep(shown=shown, index=index, result=result):
                seconds = float(result["seconds"]) if trace.known("output.seconds") else None
                title, colour = parts.output_title(str(result["status"]), seconds, index)
                yield Block("output", title, colour, parts.output_text(shown))
            case RequestStep():
                yield Block("detail", "", "dim", request(step))
            case PrefillStep(raw=raw):
                yield Block("detail", "", "dim", _dim(f"prefilled by the prompt: {raw!r}"))
            case FailureStep(message=message, hint=hint):
                text = clean(f"{message} ({hint})" if hint else message)
                yield Block("failure", "failure", "bold red", Text(text, style="red"))
    yield Block("end", "end", "bold", _end(trace, entry))
    yield Block("detail", "settings", "dim", head(trace))


def _text(step: TextStep) -> Iterator[Block]:
    if step.reasoning.strip():
        yield _thinking(step.reasoning)
    if not step.raw.strip() or step.kind == "markup":
        return
    yield _thinking(step.raw) if step.kind == "thinking" else Block("prose", "", "", parts.prose(step.raw))


def _thinking(text: str) -> Block:
    return Block("thinking", "thinking", "dim", _dim(text.strip()))


def _code(step: CodeStep) -> Iterator[Block]:
    yield Block("code", f"code {step.index + 1}", "blue", parts.highlighted(step.code), step.code)
    if step.discarded.strip():
        yield Block("detail", "", "dim", _dim(f"cut off after the block: {step.discarded!r}"))


def _end(trace: Trace, entry: Entry) -> RenderableType:
    lines: list[RenderableType] = []
    if trace.answer is not None:
        lines.append(parts.answer(trace.answer))
    if trace.grade is not None:
        lines.append(parts.grade(trace.grade))
    elif entry.gold is not None:
        lines.append(_dim(f"expected {entry.gold}"))
    lines.append(parts.ending(trace.finish.reason, trace.finish.detail, trace.answer is not None))
    return Group(*lines, figures(trace))


def _dim(text: str) -> Text:
    return Text(clean(text), style="dim")
