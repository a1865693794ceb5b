"""How a played run compares with its record: code, outputs, answer, and the reply as a whole."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mathagent.answers import boxed
from mathagent.trace.schema import CodeStep, OutputStep, Trace
from tests.playback.reasons import EXACT, FORM, Played, error_of, same_word, why
from tests.playback.records import Record

SAME = (EXACT, FORM)
"""Categories of what is as recorded: the same text, or the same number or words, written in another way."""
EQUIVALENT = "equivalent by the grader"
NO_ANSWER = "no answer then and now"


@dataclass(frozen=True)
class Comparison:
    """One run against its record.

    code: every block was found, with the recorded code (blank lines around it apart). executed: all were run.
    outputs: for each recorded output, how ours compares: a category of `tests.playback.reasons`.
    unrecorded: executions that no recorded output can be held against.
    answer: how our answer compares with the recorded one: `SAME`, `EQUIVALENT`, or in words why it differs.
    whole: the whole reply is the recorded text. finish, verdict: how ours ended and was graded.
    cut: where the record goes on after our end, why.
    reasons: a line for everything that is not exactly as recorded.
    """

    source: str
    code: bool
    executed: bool
    outputs: tuple[str, ...]
    unrecorded: int
    answer: str
    whole: bool
    finish: str
    verdict: str
    right: bool | None
    cut: str
    reasons: tuple[str, ...]

    @property
    def same_outputs(self) -> bool:
        """Whether all outputs are as recorded, apart from their form."""
        return all(each in SAME for each in self.outputs)


def compare(record: Record, trace: Trace, *, verdict: str, same_answer: bool) -> Comparison:
    """Compare a trace with its record.

    Args:
        record: what was recorded.
        trace: what was played.
        verdict: the grader's on the trace's answer against the right one.
        same_answer: whether the grader finds the trace's answer equivalent to the recorded one.
    """
    codes = [step.code for step in trace.steps if isinstance(step, CodeStep)]
    played = [
        Played(code, step.shown, step.result)
        for code, step in zip(
            codes, (each for each in trace.steps if isinstance(each, OutputStep)), strict=False
        )
    ]
    found = [code.strip() for code in codes] == [code.strip() for code in record.codes]
    outputs, reasons = _outputs(record, played)
    answer = _answer(record, trace.answer or "", same_answer)
    if not found:
        reasons.insert(0, f"code: {len(codes)} blocks instead of {len(record.codes)}, or other text")
    if answer not in (EXACT, NO_ANSWER):
        reasons.append(f"answer: {answer}: recorded {record.answer[-80:]!r}, now {trace.answer!r}")
    if record.right is not None and (verdict == "correct") != record.right:
        said = "right" if record.right else "wrong"
        reasons.append(f"graded {verdict} against {record.gold!r}, recorded as {said}")
    return Comparison(
        source=record.source,
        code=found,
        executed=len(played) == len(record.codes),
        outputs=tuple(outputs),
        unrecorded=sum(each is None for each in record.outputs),
        answer=answer,
        whole=_without(record.notice, trace.reply) == record.recording.text,
        finish=trace.finish.reason,
        verdict=verdict,
        right=record.right,
        cut=record.cut,
        reasons=tuple(reasons),
    )


def _without(notice: str, reply: str) -> str:
    return re.sub(notice, "", reply, flags=re.DOTALL) if notice else reply


def _outputs(record: Record, played: list[Played]) -> tuple[list[str], list[str]]:
    """The category of every output that was recorded and played, and a line for each that differs."""
    categories, reasons, earlier = [], [], False
    for number, (recorded, now) in enumerate(zip(record.outputs, played, strict=False), 1):
        if recorded is None:
            continue
        category = why(recorded, now, earlier=earlier)
        if record.made_up and category not in SAME:
            category = "the model had made its output up"
        categories.append(category)
        # After a time-out the recorded harness showed each output one cell late.
        theirs = error_of(recorded)
        earlier = earlier or theirs == "Timeout" or bool(theirs) != (now.result["status"] != "ok")
        if category != EXACT:
            reasons.append(
                f"output {number}: {category}: recorded {recorded[:200]!r}, now {now.shown[:200]!r}"
            )
    return categories, reasons


def _answer(record: Record, now: str, equivalent: bool) -> str:
    """The category of an answer; the recorded harnesses took theirs by rules of their own."""
    recorded = record.answer
    if not recorded or not now:
        if not recorded and not now:
            return NO_ANSWER
        return "no box: the harness took other text" if recorded else "none recorded"
    if recorded == now:
        return EXACT
    if _same(recorded, now):
        return FORM
    if equivalent:
        return EQUIVALENT
    boxes = boxed(record.recording.said[-1])
    if len(boxes) > 1 and any(_same(recorded, box) or recorded.startswith(box) for box in boxes):
        return "several boxes: the harness took another"
    if len(recorded) > 2 * len(now) + 20:
        return "the harness took more than the box"
    return "other text or value"


def _same(recorded: str, now: str) -> bool:
    ours, theirs = now.split(), recorded.split()
    return len(ours) == len(theirs) and all(map(same_word, theirs, ours))
