"""`mathagent verify --problem TEXT --solution FILE`: one judgement, printed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, cast

from rich.text import Text

from mathagent.cli.failures import Exit, complain, console, notice
from mathagent.cli.interrupts import interruptible
from mathagent.cli.machine import write_json
from mathagent.data import Problem
from mathagent.errors import UsageError
from mathagent.executor import KernelExecutor
from mathagent.roles import VERDICTS
from mathagent.run.calibration import LOW_MASS
from mathagent.run.rows import Row, row_of
from mathagent.serving import DEMO_NOTICE
from mathagent.session import Session, open_session
from mathagent.settings import Settings
from mathagent.shown import clean
from mathagent.steps import split
from mathagent.trace import Trace, append, default_file
from mathagent.trace.schema import FailureStep, ProblemRecord
from mathagent.verify.items import Role, items


async def verify_one(problem: str, files: Sequence[Path], settings: Settings, *, as_json: bool) -> int:
    """Judge, store the traces in the default file, print; the exit code. Raises MathAgentError."""
    rows = [
        Row(id="", sample=place, problem=problem, generation=_read(file), predicted_answer=str(place))
        for place, file in enumerate(files)
    ]
    wanted = {"outcome": "one solution", "process": "one solution", "pairwise": "two solutions"}
    if not (len(rows) == 1 if settings.role in ("outcome", "process") else len(rows) >= 2) or (
        settings.role == "pairwise" and len(rows) != 2
    ):
        raise UsageError(f"{settings.role} judges {wanted.get(settings.role, 'two solutions or more')}")
    judgements = items(rows, cast(Role, settings.role))
    async with open_session(settings, notice) as session:
        if session.endpoint.demo:
            notice(DEMO_NOTICE)
        traces = [await _judge(each, session) for each in judgements]
    for trace in traces:
        append(default_file(), trace)
        for step in trace.steps:
            if isinstance(step, FailureStep):
                complain(step.message, step.hint)
    judged = [row_of(trace, each, 0, None) for trace, each in zip(traces, judgements, strict=True)]
    result = _result(settings.role, judgements, judged, traces)
    if as_json:
        write_json(result)
    elif result["verdict"] is not None:
        _show(result)
    if result["verdict"] is None:
        notice(f"no verdict: {traces[0].finish.reason}: {traces[0].finish.detail}")
        return Exit.error if judged[0].error else Exit.no_answer
    return Exit.answer


async def _judge(judgement: Problem, session: Session) -> Trace:
    """One rollout."""
    recorder = session.recorder(ProblemRecord(id="", text=judgement.text, source="verify"))
    async with KernelExecutor(session.pool) as executor:
        messages = session.messages(judgement.text, judgement.given)
        rollout = session.rollout(messages, executor, given=judgement.given)
        with interruptible(rollout.cancel):
            async for event in rollout.events():
                recorder.take(event)
    return recorder.trace()


def _result(
    role: str, judgements: Sequence[Problem], rows: Sequence[Row], traces: Sequence[Trace]
) -> dict[str, Any]:
    """The object that --json prints. Of two orders of a pair the probabilities are averaged."""
    verdict, probabilities = rows[0].predicted_answer, rows[0].choice_probabilities
    score = rows[0].reward_model_score
    if role == "pairwise":
        forward, backward = (row.reward_model_score for row in rows)
        score = None if forward is None or backward is None else fmean((forward, 1 - backward))
        verdict = None if score is None else VERDICTS[role][score < 0.5]
        probabilities = [] if score is None else [[score, 1 - score]]
    masses = [row.choice_mass for row in rows if row.choice_mass is not None]
    return {
        "role": role,
        "verdict": verdict,
        "score": score,
        "product": rows[0].step_product if role == "process" else None,
        "probabilities": probabilities,
        "mass": min(masses) if masses else None,
        "orders": [row.reward_model_score for row in rows] if role == "pairwise" else None,
        "steps": split(judgements[0].given["solution"]) if role == "process" else None,
        "model": traces[0].model.model_dump(),
        "prompt": traces[0].prompt.name,
        "mode": traces[0].mode,
        "finish": traces[0].finish.model_dump(),
        "usage": [trace.usage.model_dump() for trace in traces],
        "traces": [trace.id for trace in traces],
    }


def _show(result: dict[str, Any]) -> None:
    """The verdict and its probability on a line; before it each step of a process reward."""
    screen = console()
    if result["steps"] is not None:
        for number, (step, shares) in enumerate(
            zip(result["steps"], result["probabilities"], strict=True), 1
        ):
            line = " ".join(clean(step).split())
            screen.print(Text(f"{number:>3}  {shares[0]:.4f}  {line}"), no_wrap=True, overflow="ellipsis")
    names = VERDICTS[result["role"]]
    if result["score"] is not None and result["role"] != "pairwise":
        screen.print(Text(f"{result['verdict']}  {result['score']:.4f}"))
    else:
        shares = zip(names, result["probabilities"][0], strict=False)
        listed = ", ".join(f"{name} {share:.4f}" for name, share in shares)
        screen.print(Text(f"{result['verdict']}  {listed}"))
    if result["mass"] < LOW_MASS:
        notice(
            f"the options had only {result['mass']:.1%} of the probability: the model wanted to say something else"
        )
    notice(f"mathagent show {result['traces'][0]}")


def _read(file: Path) -> str:
    try:
        text = sys.stdin.buffer.read().decode() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read {file}: {error}") from None
    if not text.strip():
        raise UsageError(f"{file}: the solution is empty")
    return text
