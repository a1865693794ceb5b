"""A trace as turns: what the model wrote up to a block of code, and what came of it. For formats of messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mathagent.trace.schema import (
    ChoiceStep,
    CodeStep,
    FailureStep,
    OutputStep,
    PrefillStep,
    RequestStep,
    Step,
    TextStep,
    Trace,
)


@dataclass(slots=True)
class Turn:
    """One stretch of the model's writing, up to a block of code or to the end, and what came of it.

    before: the reply in front of it, all of it. requests: those that wrote it, mostly one; several where it was only
    paused between them, and none where none are recorded (an import). written: its words, code and choices, whole.
    outputs: of its code. failures: after it.
    """

    before: str
    requests: list[RequestStep] = field(default_factory=list)
    written: list[TextStep | ChoiceStep | CodeStep] = field(default_factory=list)
    outputs: list[OutputStep] = field(default_factory=list)
    failures: list[FailureStep] = field(default_factory=list)

    @property
    def raw(self) -> str:
        """What was written, as it stands in the reply."""
        return "".join(step.raw for step in self.written)

    @property
    def prose(self) -> str:
        """The words without code, thinking and markup; a choice is words too."""
        return "".join(
            step.raw
            for step in self.written
            if isinstance(step, ChoiceStep) or (isinstance(step, TextStep) and step.kind == "text")
        )

    @property
    def thinking(self) -> str:
        """The thinking, whether it was reported apart or stands in the text."""
        texts = [step for step in self.written if isinstance(step, TextStep)]
        return "".join(step.reasoning + (step.raw if step.kind == "thinking" else "") for step in texts)

    @property
    def codes(self) -> list[CodeStep]:
        """The blocks of code."""
        return [step for step in self.written if isinstance(step, CodeStep)]

    @property
    def begin(self) -> float:
        """When its first request was made, or its first step seen: seconds since the start of the solve."""
        if self.requests:
            return begin_of(self.requests[0])
        return min((step.at for step in (*self.written, *self.outputs, *self.failures)), default=0.0)


def turns_of(trace: Trace) -> Iterator[Turn]:
    """The turns of a trace, in order."""
    turn, reply = Turn(""), ""
    for step in trace.steps:
        if _begins(step, turn):
            yield turn
            turn = Turn(reply)
        match step:
            case RequestStep():
                turn.requests.append(step)
            case TextStep() | ChoiceStep() | CodeStep():
                turn.written.append(step)
            case OutputStep():
                turn.outputs.append(step)
            case FailureStep():
                turn.failures.append(step)
            case PrefillStep():
                turn.before += step.raw
        reply += step.raw
    if turn.requests or turn.written or turn.outputs or turn.failures:
        yield turn


def begin_of(request: RequestStep) -> float:
    """When a request was made: seconds since the start of the solve."""
    return max(0.0, request.at - request.seconds)


def _begins(step: Step, turn: Turn) -> bool:
    """Whether a step begins a turn after this one. The loop records requests, then what they wrote, then the output."""
    match step:
        case RequestStep():
            return bool(turn.written or turn.outputs or turn.failures)
        case TextStep() | ChoiceStep() | CodeStep():
            return bool(turn.outputs)
        case _:
            return False


def moment(trace: Trace, seconds: float) -> datetime | None:
    """A time of day (UTC) so many seconds after the start of a solve; None where nobody recorded its times."""
    if not trace.known("started") or not trace.known("steps.at"):
        return None
    return datetime.fromisoformat(trace.started).astimezone(UTC) + timedelta(seconds=seconds)


def about(trace: Trace) -> dict[str, object]:
    """What other formats have no field for: the problem, how it ended, the verdict, the settings."""
    grade, source = trace.grade, trace.imported
    return {
        "trace_id": trace.id,
        "problem": trace.problem.model_dump(exclude_none=True),
        "sample": trace.sample,
        "answer": trace.answer,
        "finish": trace.finish.model_dump(),
        "verdict": grade.verdict if grade else "ungraded",
        "expected_answer": grade.gold if grade else None,
        "mode": trace.mode,
        "protocol": trace.protocol,
        "prompt": {"name": trace.prompt.name, "sha256": trace.prompt.sha256} if trace.prompt.name else None,
        "sampling": trace.sampling,
        "isolation": trace.sandbox.level if trace.sandbox else None,
        "imported": source.model_dump() if source else None,
    }
