"""The line of `results.jsonl`: one sample of one problem, under the field names that people's scripts read.

Not here: how a sample came about (`mathagent.trace` has every step), and what follows from many rows (`metrics`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mathagent.data import Problem
from mathagent.errors import UsageError
from mathagent.grading import EMPTY
from mathagent.run.verdicts import verdict_fields
from mathagent.trace import Trace
from mathagent.trace.schema import CodeStep, GradeRecord, OutputStep, Step, TextStep

Verdict = Literal["correct", "wrong", "undecided", "ungraded"]
VoteWeight = Literal["count", "logprob"]
"""What a vote weighs: 1, or `Row.likelihood`."""

FAILED = ("model_error", "kernel_error", "cancelled")
"""Finish reasons of a sample that says nothing about the model: the server, the sandbox or a person ended it."""


class Row(BaseModel):
    """One sample. Fields that other programs add to a line are kept when it is written again.

    Of the problem:
        id, problem, expected_answer (None if no answer is known), level, type (the subject), language, source;
        also: other right texts; group, rotations: of circular evaluation, the id that the rotations share and how
        many there are (1 for any other problem); extra: the input row, untouched.
    Of the reply:
        generation: the whole reply, outputs included. steps: the same as InternLM-Math's agent writes it.
        predicted_answer: None without one. finish_reason: a word of `mathagent.limits.FinishReason`.
        error: what failed where the server, the sandbox or a person ended the sample; it then counts nowhere as wrong.
        stopped: "vote" for a sample that was stopped because the vote was decided.
    Of the verdict:
        verdict, and symbolic_correct: true, false, or null for undecided and ungraded. previous_verdict: before the
        last grading, where it changed. marks, max_marks: what a person gave. cluster: answers of a problem with
        the same number are equal; None for no answer, or where nobody has compared them; -1 for an empty box.
    Of a verification (`mathagent verify`; probabilities are over the options, and sum to one):
        reward_model_score: the probability of the favourable verdict; of a solution's steps the lowest one's.
        step_product: the product over the steps. choice_probabilities: of every option, for each choice that was made.
        choice_mass: how likely the model would have said one of the options at all, the lowest of all choices.
    Of the work (tokens, seconds):
        num_prompt_tokens: over all requests, num_cached_tokens among them (None if the server does not say).
        generation_time: in the model. code_execution_time: in kernels. seconds: wall time, from generation_start_time
        to generation_end_time (seconds since 1970).
        num_code_errors: cells that an exception or too much output ended; timeouts and deaths of kernels are apart.
        mean_logprob: mean log-probability of the tokens that the model generated, over all requests, as the server
        gives it; None where it was not asked for or not given.
    """

    model_config = ConfigDict(extra="allow")

    id: str
    sample: int = Field(default=0, ge=0)
    problem: str = ""
    expected_answer: str | None = None
    also: list[str] = []
    level: str | None = None
    type: str | None = None
    language: str = ""
    source: str = ""
    group: str = ""
    rotations: int = 1

    generation: str = ""
    predicted_answer: str | None = None
    symbolic_correct: bool | None = None
    verdict: Verdict = "ungraded"
    grade_detail: str = ""
    previous_verdict: Verdict | None = None
    cluster: int | None = None
    marks: float | None = None
    max_marks: float | None = None

    finish_reason: str = ""
    error: str | None = None
    stopped: Literal["vote"] | None = None

    num_generated_tokens: int = 0
    num_prompt_tokens: int = 0
    num_cached_tokens: int | None = None
    generation_time: float = 0.0
    generation_start_time: float | None = None
    generation_end_time: float | None = None
    code_rounds_executed: int = 0
    code_execution_time: float = 0.0
    num_code_timeouts: int = 0
    num_code_errors: int = 0
    num_kernel_deaths: int = 0
    seconds: float = 0.0

    seed: int | None = None
    trace_id: str | None = None
    mean_logprob: float | None = None
    reward_model_score: float | None = None
    step_product: float | None = None
    choice_probabilities: list[list[float]] = []
    choice_mass: float | None = None
    steps: list[dict[str, Any]] = []
    extra: dict[str, Any] = {}

    @property
    def key(self) -> tuple[str, int]:
        """Which sample this is: the problem's id and the sample's number."""
        return self.id, self.sample

    @property
    def golds(self) -> tuple[str, ...]:
        """All texts that are right; empty where no answer is known."""
        return () if self.expected_answer is None else (self.expected_answer, *self.also)

    @property
    def counted(self) -> bool:
        """Whether the sample is in the denominator of an accuracy: it ended by itself, and a verdict was asked for.

        An undecided one is: it is not correct, so an answer that nobody can read never raises a score.
        """
        return self.error is None and self.stopped is None and self.verdict != "ungraded"

    @property
    def votes(self) -> bool:
        """Whether the sample has a vote: it ended by itself with an answer in which something stands."""
        return (
            self.error is None
            and self.stopped is None
            and self.predicted_answer is not None
            and self.cluster != EMPTY
        )

    @property
    def likelihood(self) -> float | None:
        """The weight of its vote by log-probability, from 0 to 1: the geometric mean of its tokens' probabilities.

        exp of the mean token log-probability, the normalised probability by which the self-consistency paper weighs
        votes (arXiv 2203.11171, section 2).
        """
        return None if self.mean_logprob is None else math.exp(self.mean_logprob)

    def weight(self, by: VoteWeight) -> float:
        """What its vote weighs; nothing by a log-probability that it does not have."""
        return 1.0 if by == "count" else self.likelihood or 0.0

    def first_graded(self, grade: GradeRecord) -> Row:
        """The row with its first verdict."""
        return self.graded(grade.verdict, grade.detail).model_copy(update={"previous_verdict": None})

    def graded(self, verdict: Verdict, detail: str) -> Row:
        """The row with another verdict, the old one kept beside it if it differs."""
        changed = verdict != self.verdict
        return self.model_copy(
            update={
                "verdict": verdict,
                "symbolic_correct": {"correct": True, "wrong": False}.get(verdict),
                "grade_detail": detail,
                "previous_verdict": self.verdict if changed else None,
            }
        )


def row_of(
    trace: Trace,
    problem: Problem,
    sample: int,
    seed: int | None,
    *,
    stopped: Literal["vote"] | None = None,
    cluster: int | None = None,
) -> Row:
    """The row of a finished solve. The verdict is the trace's; a failed or stopped solve is left ungraded.

    Args:
        trace: the solve.
        problem: what was asked.
        sample: its number among the problem's samples, from 0.
        seed: the sampling seed it had.
        stopped: it was stopped because the vote was decided; of no effect if it had come to its own end just before.
        cluster: the number of the answers that are equal to this one, if they were compared.
    """
    stopped = stopped if trace.finish.reason == "cancelled" else None
    failed = trace.finish.reason in FAILED and stopped is None
    usage = trace.usage
    statuses = [step.result.get("status") for step in trace.steps if isinstance(step, OutputStep)]
    start = datetime.fromisoformat(trace.started).timestamp() if trace.started else None
    row = Row(
        id=problem.id,
        sample=sample,
        problem=problem.text,
        expected_answer=problem.gold,
        also=list(problem.also),
        level=problem.level,
        type=problem.kind,
        language=problem.language,
        source=problem.source,
        group=problem.group or problem.id,
        rotations=1 if problem.group in ("", problem.id) else max(1, len(problem.options)),
        generation=trace.reply,
        predicted_answer=trace.answer,
        finish_reason=trace.finish.reason,
        error=(trace.finish.detail or trace.finish.reason) if failed else None,
        stopped=stopped,
        cluster=cluster,
        num_generated_tokens=usage.completion_tokens,
        num_prompt_tokens=usage.prompt_tokens,
        num_cached_tokens=usage.cached_tokens,
        generation_time=round(usage.model_seconds, 4),
        generation_start_time=start,
        generation_end_time=None if start is None else start + trace.seconds,
        code_rounds_executed=usage.executions,
        code_execution_time=round(usage.kernel_seconds, 4),
        num_code_timeouts=statuses.count("timeout"),
        num_code_errors=statuses.count("error") + statuses.count("output_limit"),
        num_kernel_deaths=statuses.count("died"),
        seconds=trace.seconds,
        seed=seed,
        trace_id=trace.id,
        mean_logprob=trace.mean_logprob,
        steps=internlm_steps(trace.steps),
        extra=dict(problem.extra),
        **verdict_fields(
            trace.steps, complete=trace.answer is not None, favourable="count" not in problem.given
        ),
    )
    return row if trace.grade is None or failed or stopped else row.first_graded(trace.grade)


def internlm_steps(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Steps as InternLM-Math's agent stores them: `language`, `tool` (the code, fenced) and `environment`."""
    written: list[dict[str, Any]] = []
    prose = ""
    for step in steps:
        if isinstance(step, TextStep):
            prose += step.raw
        elif isinstance(step, CodeStep):
            if prose.strip():
                written.append({"role": "language", "content": prose.strip()})
            prose = ""
            command = f"```python\n{step.code.rstrip()}\n```"
            content = {"name": "IPythonInteractiveManager", "parameters": {"command": command}}
            written.append({"role": "tool", "content": content, "name": "interpreter"})
        elif isinstance(step, OutputStep):
            written.append({"role": "environment", "content": step.shown, "name": "interpreter"})
    if prose.strip():
        written.append({"role": "language", "content": prose.strip()})
    return written


def read_results(path: Path) -> tuple[list[Row], list[str]]:
    """The rows of a results file in its order, and what a person should know about it.

    A damaged last line (a crash, or a run that is still writing) is passed over; of two rows for one sample the later
    one counts. Raises UsageError for a file that can't be read or any other line that is no row.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror or error}") from None
    rows: dict[tuple[str, int], Row] = {}
    notices: list[str] = []
    doubled = 0
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    for number, line in filled:
        try:
            row = Row.model_validate_json(line)
        except ValidationError as error:
            if number == filled[-1][0]:
                notices.append(f"{path}, line {number}: the last line is damaged and left out")
                continue
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UsageError(
                f"{path}, line {number}: not a result: {where + ': ' if where else ''}{first['msg']}"
            ) from None
        doubled += row.key in rows
        rows[row.key] = row
    if doubled:
        notices.append(f"{path}: {doubled} samples are there more than once; the last of each counts")
    return list(rows.values()), notices
