"""One trace in a list: what lists show and filters ask, without its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mathagent.run.rows import Row, Verdict
from mathagent.trace.schema import ChoiceStep, CodeStep, OutputStep, TextStep, Trace


@dataclass(frozen=True, slots=True)
class Entry:
    """One trace of a collection.

    Attributes:
        place: its place in the collection, from 0. id: the trace's.
        problem, sample: the problem's id, and which of its samples this is, from 0. question: the problem's text.
        dataset, level, type: of the problem; "" where nobody says.
        model, mode, protocol: what solved it. started: UTC, ISO 8601.
        finish, detail: the reason (a word of `mathagent.limits.FinishReason`) and a line for a person.
        stopped: it was ended early because the vote was decided.
        answer, gold: None without one. verdict: of the last grading. cluster: equal answers of a problem share it.
        reward: the score of a reward model.
        tokens, prompt_tokens: generated and sent, over all requests. rounds: code executions.
        errors: executions that ended otherwise than "ok".
        seconds, model_seconds, kernel_seconds: wall time, and the parts spent in the model and in kernels.
        unknown: names of the fields that the record of another tool says nothing about: their values mean nothing.
    """

    place: int
    id: str
    problem: str
    sample: int
    question: str
    dataset: str
    level: str
    type: str
    model: str
    mode: str
    protocol: str
    started: str
    finish: str
    detail: str
    stopped: bool
    answer: str | None
    gold: str | None
    verdict: Verdict
    cluster: int | None
    reward: float | None
    tokens: int
    prompt_tokens: int
    rounds: int
    errors: int
    seconds: float
    model_seconds: float
    kernel_seconds: float
    unknown: frozenset[str] = frozenset()

    def known(self, field: str) -> Any:
        """The value of a field; None where nobody says."""
        return None if field in self.unknown else getattr(self, field)


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a trace that can be searched: the problem, the model's prose (thinking too), its code, outputs."""

    problem: str
    prose: str
    code: str
    output: str

    @property
    def all(self) -> str:
        """All of them."""
        return "\n".join((self.problem, self.prose, self.code, self.output))


_UNKNOWN = {
    "started": "started",
    "seconds": "seconds",
    "model.name": "model",
    "usage.completion_tokens": "tokens",
    "usage.prompt_tokens": "prompt_tokens",
    "usage.model_seconds": "model_seconds",
    "usage.kernel_seconds": "kernel_seconds",
    "output.status": "errors",
}


def entry_of(place: int, trace: Trace, row: Row | None = None) -> Entry:
    """The entry of a trace; its row, where there is one, has the last verdict."""
    usage, grade = trace.usage, trace.grade
    if row is not None:
        verdict, gold = row.verdict, row.expected_answer
    elif grade is not None:
        verdict, gold = grade.verdict, grade.gold
    else:
        verdict, gold = "ungraded", None
    statuses = [step.result.get("status") for step in trace.steps if isinstance(step, OutputStep)]
    return Entry(
        place=place,
        id=trace.id,
        problem=trace.problem.id,
        sample=trace.sample,
        question=trace.problem.text,
        dataset=trace.problem.source,
        level=trace.problem.level or "",
        type=trace.problem.kind or "",
        model=trace.model.name,
        mode=trace.mode,
        protocol=trace.protocol,
        started=trace.started,
        finish=trace.finish.reason,
        detail=trace.finish.detail,
        stopped=trace.stopped is not None,
        answer=trace.answer,
        gold=gold,
        verdict=verdict,
        cluster=row.cluster if row else None,
        reward=row.reward_model_score if row else None,
        tokens=usage.completion_tokens,
        prompt_tokens=usage.prompt_tokens,
        rounds=usage.executions,
        errors=sum(status not in ("ok", "unknown") for status in statuses),
        seconds=trace.seconds,
        model_seconds=usage.model_seconds,
        kernel_seconds=usage.kernel_seconds,
        unknown=frozenset(field for name, field in _UNKNOWN.items() if not trace.known(name)),
    )


def texts_of(trace: Trace) -> Texts:
    """The searchable texts of a trace."""
    steps = trace.steps
    said = [step for step in steps if isinstance(step, TextStep | ChoiceStep)]
    prose = [part for step in said for part in (getattr(step, "reasoning", ""), step.raw)]
    return Texts(
        problem=trace.problem.text,
        prose="".join(prose),
        code="\n".join(step.code for step in steps if isinstance(step, CodeStep)),
        output="\n".join(step.shown for step in steps if isinstance(step, OutputStep)),
    )
