r"""Whether the code of a solution mattered: something came out of it that was used.

The code mattered if one of its outputs has something new that is taken up. New is a number, by its value, that stands
neither in the problem nor in anything that the model had written before the output, its code included; it is taken up
if it stands, perhaps rounded, in something that the model writes later, text or code. A line of an output that is more
than one number (`True`, `x**2 - 1`, `sqrt(3)/2`) is new if nothing that the model had written before holds it, and is
taken up if it is the final answer: the same words, numbers and signs, however LaTeX writes them.

So code that prints what was known already did not matter, nor code whose output is passed over.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal

from mathagent.overlap.latex import plain
from mathagent.overlap.numbers import numbers_in, value_of
from mathagent.trace.schema import CodeStep, OutputStep, PrefillStep, TextStep, Trace

_WORD = re.compile(r"[A-Za-z]+|\d+(?:\.\d+)?|[+\-/^!=<>]+|[\u3400-\u9fff]")
_LONGEST = 200  # characters of a line that may be an answer


def code_mattered(trace: Trace) -> bool:
    """Whether an output was used (see above); false for a solution that ran no code."""
    before = [trace.problem.text]
    after = _written(trace)
    answer = None if trace.answer is None else _tokens(trace.answer)
    for step in trace.steps:
        if isinstance(step, OutputStep):
            earlier, later = "\n".join(before), "\n".join(after)
            known = set(numbers_in(plain(earlier)))
            if _taken_up(set(numbers_in(plain(step.shown))) - known, set(numbers_in(plain(later)))):
                return True
            if answer and any(_tokens(line) == answer for line in _new_lines(step.shown, earlier)):
                return True
        elif text := _text(step):
            before.append(text)
            after.pop(0)
    return False


def _taken_up(new: set[str], later: set[str]) -> bool:
    """Whether one of the new numbers comes later, as it is or rounded."""
    if new & later:
        return True
    places = {len(number.partition(".")[2]) for number in later}
    return any(
        value_of(f"{Decimal(number):.{digits}f}") in later
        for number in new
        if "." in number and len(number) <= _LONGEST
        for digits in places
        if digits < len(number.partition(".")[2])
    )


def _written(trace: Trace) -> list[str]:
    return [text for step in trace.steps if (text := _text(step))]


def _text(step: object) -> str:
    """What the model wrote in a step."""
    if isinstance(step, TextStep):
        return step.reasoning + step.raw
    return step.code if isinstance(step, CodeStep) else step.raw if isinstance(step, PrefillStep) else ""


def _new_lines(shown: str, earlier: str) -> list[str]:
    lines = (line.strip() for line in shown.splitlines())
    squeezed = "".join(earlier.split())
    return [
        line
        for line in lines
        if len(line) <= _LONGEST and not _is_number(line) and "".join(line.split()) not in squeezed
    ]


def _is_number(line: str) -> bool:
    return not line.strip("+-0123456789., ")


def _tokens(text: str) -> Counter[str]:
    r"""The words, numbers and signs of an expression, in no order: `sqrt(3)/2` has those of `\frac{\sqrt{3}}{2}`."""
    return Counter(_WORD.findall(plain(text).replace("**", "^").lower()))
