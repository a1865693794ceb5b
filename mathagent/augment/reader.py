"""Read a model's reply as a new problem: strictly, with the reason where it is none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mathagent.augment.ways import Way
from mathagent.data import Problem
from mathagent.overlap import normal
from mathagent.run.rows import FAILED
from mathagent.trace.schema import TextStep, Trace

_TAGGED = re.compile(r"<problem>\s*(.*?)\s*</problem>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?problem>", re.IGNORECASE)
_LABEL = re.compile(
    r"\s*[#*\s]*(?:(?:here|sure|certainly|of course)\b[^\n:]{0,80}|(?:the\s+)?(?:\w+\s+){0,2}(?:problem|question)"
    r"(?:\s+statement)?|新?问题|新?题目?)\s*[:：]\s*\**\s*",
    re.IGNORECASE,
)
_SOLVED = re.compile(
    r"\\boxed|####|(?:^|\n)[\s#*]*(?:answer|solution|explanation|答案|解答|解)[\s*]*[:：]", re.IGNORECASE
)
_ANSWERED = re.compile(r"\bthe (?:final )?answer is\b", re.IGNORECASE)
_ASKS = re.compile(
    r"[?？]|\b(?:find|compute|calculate|determine|evaluate|prove|show|solve|simplify|express|estimate|factor|give|how"
    r" (?:many|much)|what|which)\b|[求证]|多少|几|计算|解方程",
    re.IGNORECASE,
)
_SHORTEST = 5  # tokens
_LONGEST = 600  # characters, or
_TIMES_LONGER = 4  # than the problem that it was made of


@dataclass(frozen=True, slots=True)
class Read:
    """What was read. text: of the new problem. expected: its answer, where it is known.

    fault: why the reply is no new problem, one of a few words that are counted; "" if it is one.
    """

    text: str = ""
    expected: str | None = None
    fault: str = ""


def read_problem(trace: Trace, source: Problem, way: Way) -> Read:
    """The new problem in a reply. A reply that had to be in tags, as its prompt says, is taken from tags only.

    Args:
        trace: of the reply.
        source: the problem that was given.
        way: in which it was to be changed.
    """
    if trace.finish.reason in FAILED:
        return Read(fault="failed")
    if trace.finish.reason not in ("answer", "no_answer"):
        return Read(fault="cut off")
    said = "".join(step.raw for step in trace.steps if isinstance(step, TextStep) and step.kind == "text")
    tagged = any("<problem>" in message["content"] for message in trace.prompt.messages)
    text = _inside(said, tagged=tagged)
    if not text:
        return Read(fault="unreadable")
    fault = _fault(text, source, way)
    if fault:
        return Read(text, fault=fault)
    fits = way.check(source, text)
    return Read(text, fits.expected, fits.fault)


def _inside(said: str, *, tagged: bool) -> str:
    """The text of the problem in a reply; "" where there is none, or more than one."""
    found = {text for text in _TAGGED.findall(said) if text}
    if found or tagged:
        return next(iter(found)) if len(found) == 1 and not _TAG.search(next(iter(found))) else ""
    label = _LABEL.match(said)
    return said[label.end() :].strip() if label else said.strip()


def _fault(text: str, source: Problem, way: Way) -> str:
    reduced = normal(text)
    if len(reduced.tokens) < _SHORTEST:
        return "too short"
    if len(text) > max(_LONGEST, _TIMES_LONGER * len(source.text)):
        return "too long"
    if _SOLVED.search(text) or (not way.needs_answer and _ANSWERED.search(text)):
        return "answer leaked"
    if not _ASKS.search(text):
        return "no question"
    if reduced.tokens == normal(source.text).tokens:
        return "unchanged"
    return ""
