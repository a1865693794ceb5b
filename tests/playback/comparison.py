"""How a played run compares with its record: each thing as recorded, the same apart from its form, or different."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from mathagent.trace.schema import CodeStep, OutputStep, Trace
from tests.playback.records import Record, number

Match = Literal["exact", "form", "different"]
"""exact: the same text. form: the same number or, line by line, the same words and numbers (to 12 digits), written
in another way (`64.0` and `64`, `20\\%` and `20`). different: anything else."""


@dataclass(frozen=True)
class Comparison:
    """One run against its record. `reasons`: a line for everything that is not exactly as recorded."""

    line: int
    code: bool
    executed: bool
    output: Match
    answer: Match
    finish: str
    whole: bool
    verdict: str
    reasons: tuple[str, ...]


def compare(record: Record, trace: Trace, verdict: str) -> Comparison:
    """Compare a trace with its record; `verdict` is the grader's on the trace's answer."""
    codes = tuple(step.code for step in trace.steps if isinstance(step, CodeStep))
    outputs = [step for step in trace.steps if isinstance(step, OutputStep)]
    shown = tuple(step.shown for step in outputs)
    output = _texts(record.outputs, shown)
    answer = _text(record.pred, trace.answer or "")
    reasons = []
    if codes != record.codes:
        reasons.append(f"code: {len(codes)} blocks instead of {len(record.codes)}, or other text")
    for step in outputs:
        if step.result["status"] != "ok":
            error = step.result["error"] or {}
            reasons.append(f"{step.result['status']}: {error.get('name')}: {error.get('value')}")
    if output != "exact":
        reasons.append(f"output: recorded {_brief(record.outputs)}, now {_brief(shown)}")
    if answer != "exact":
        reasons.append(f"answer: recorded {record.pred!r}, box {trace.answer!r} ({trace.finish.reason})")
    if (verdict == "correct") != record.right:
        reasons.append(
            f"graded {verdict} against {record.gold!r}, recorded as {'right' if record.right else 'wrong'}"
        )
    return Comparison(
        line=record.line,
        code=codes == record.codes,
        executed=len(outputs) == len(record.codes),
        output=output,
        answer=answer,
        finish=trace.finish.reason,
        whole=trace.reply == record.recording.text,
        verdict=verdict,
        reasons=tuple(reasons),
    )


def _texts(recorded: tuple[str, ...], now: tuple[str, ...]) -> Match:
    if len(recorded) != len(now):
        return "different"
    found = {_text(one, other) for one, other in zip(recorded, now, strict=True)}
    return next((each for each in ("different", "form") if each in found), "exact")


def _text(recorded: str, now: str) -> Match:
    if recorded == now:
        return "exact"
    ours, theirs = now.split(), recorded.split()
    if len(ours) == len(theirs) and all(map(_same_word, theirs, ours)):
        return "form"
    return "different"


def _same_word(recorded: str, now: str) -> bool:
    if recorded == now:
        return True
    one, other = (number(text.removesuffix("\\%").removesuffix("%")) for text in (recorded, now))
    return one is not None and other is not None and math.isclose(one, other, rel_tol=1e-12)


def _brief(texts: tuple[str, ...]) -> str:
    return repr("".join(texts) if texts else None)[:160]
