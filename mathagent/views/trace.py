"""One stored trace, step by step, in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from mathagent.shown import clean
from mathagent.trace.events import choice_of
from mathagent.trace.schema import (
    ChoiceStep,
    CodeStep,
    FailureStep,
    OutputStep,
    PrefillStep,
    RequestStep,
    TextStep,
    Trace,
)
from mathagent.views import parts


def trace_parts(trace: Trace) -> Iterator[RenderableType]:
    """The whole trace: head, problem, every step with its time and tokens, the end."""
    yield head(trace)
    yield Rule("problem", align="left", style="dim")
    yield parts.prose(trace.problem.text)
    yield Rule("reply", align="left", style="dim")
    for step in trace.steps:
        match step:
            case PrefillStep(raw=raw):
                yield Text(f"prefilled by the prompt: {clean(raw)!r}", style="dim")
            case TextStep(raw=raw, reasoning=reasoning, kind=kind):
                if reasoning:
                    yield parts.reasoning(reasoning)
                if raw.strip() and kind != "markup":
                    yield parts.reasoning(raw) if kind == "thinking" else parts.prose(raw)
            case ChoiceStep():
                yield parts.choice(choice_of(step))
            case CodeStep(code=code, index=index, discarded=discarded):
                yield parts.code(code, index)
                if discarded.strip():
                    yield Text(f"cut off after the block: {clean(discarded)!r}", style="dim")
            case OutputStep(shown=shown, index=index, result=result):
                seconds = float(result["seconds"]) if trace.known("output.seconds") else None
                yield parts.output(shown, str(result["status"]), seconds, index)
            case RequestStep():
                yield Padding(request(step), (0, 0, 0, 2))
            case FailureStep(message=message, hint=hint):
                yield Text(clean(f"{message} ({hint})" if hint else message), style="bold red")
    yield Rule("end", align="left", style="dim")
    if trace.answer is not None:
        yield parts.answer(trace.answer)
    if trace.grade is not None:
        yield parts.grade(trace.grade)
    yield parts.ending(trace.finish.reason, trace.finish.detail, trace.answer is not None)
    yield figures(trace)


def head(trace: Trace) -> RenderableType:
    """What solved it, and under which settings."""
    table = Table.grid(padding=(0, 2))
    for key, value in (_own_head(trace) if trace.imported is None else _imported_head(trace)).items():
        table.add_row(Text(key, style="dim"), Text(clean(value)))
    return table


def _imported_head(trace: Trace) -> dict[str, str]:
    source = trace.imported
    assert source is not None
    return {
        "trace": trace.id,
        "imported": f"from row {source.row} of {source.file}, read as {source.format}",
        "model": trace.model.name or "not recorded",
        "problem": f"{trace.problem.id}, sample {trace.sample}",
        "protocol": f"{trace.protocol}, mode {trace.mode}",
        "unknown": ", ".join(source.unknown),
    }


def figures(trace: Trace) -> RenderableType:
    """The totals of a trace; of an imported one, those that its record has."""
    usage = trace.usage
    if trace.imported is None:
        return parts.figures(usage, trace.seconds)
    recorded = {
        "usage.completion_tokens": f"{usage.completion_tokens} tokens",
        "usage.prompt_tokens": f"{usage.prompt_tokens} prompt tokens",
        "": f"{usage.executions} output{'' if usage.executions == 1 else 's'}",
        "seconds": f"{trace.seconds:.1f} s",
    }
    return Text(" · ".join(text for field, text in recorded.items() if trace.known(field)), style="dim")


def _own_head(trace: Trace) -> dict[str, str]:
    level = trace.sandbox.level if trace.sandbox else "no code was run"
    return {
        "trace": f"{trace.id}   {trace.started}",
        "model": f"{trace.model.name} at {trace.model.endpoint}"
        + (" (demonstration)" if trace.model.demo else ""),
        "prompt": f"{trace.prompt.name} ({trace.prompt.sha256[:12]}), protocol {trace.protocol}, mode {trace.mode}",
        "sampling": ", ".join(f"{key} {value}" for key, value in trace.sampling.items())
        or "the server's default",
        "limits": ", ".join(f"{key} {value}" for key, value in trace.limits.items() if value is not None),
        "sandbox": level,
        "versions": ", ".join(f"{key} {value}" for key, value in trace.versions.items()),
    }


def request(step: RequestStep) -> Text:
    """One request, its tokens and its time, in a line."""
    cached = f" ({step.cached_tokens} cached)" if step.cached_tokens is not None else ""
    guess = "" if step.exact else "about "
    text = (
        f"request at {step.at:.1f} s: {guess}{step.prompt_tokens} prompt tokens{cached}, "
        f"{guess}{step.completion_tokens} written in {step.seconds:.2f} s"
    )
    if step.finish is not None:
        text += f", ended by {step.finish}"
    if step.stop_reason is not None:
        text += f" at {step.stop_reason!r}"
    return Text(clean(text), style="dim")
