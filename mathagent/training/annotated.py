"""GSM8K's worked solutions as programs: every `<<48/2=24>>` becomes a statement (Cobbe et al. 2021, section 2).

The annotations are sums over plain numbers. The program begins with the numbers of the problem, each with a name of the
words around it; a number that stands there once, or that an earlier statement gave, is written as its variable after
that. The names of results come from the words of their sentence. Pure; whether a program gives the answer is for the
sandbox.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from mathagent.training.example import Program
from mathagent.training.numbers import NUMBER, exact, written
from mathagent.training.words import content_words, name_of, number_name

_ANNOTATION = re.compile(r"<<([^<>=]*)=([^<>]*)>>")
_SUM = re.compile(r"[\d.+\-*/() ]+")
_LITERAL = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?|\.\d+)%")
_WORDS_AND_UNITS = {*map(Fraction, (*range(21), 24, 28, 30, 31, 36, 50, 52, 60, 100, 365, 1000))} | {
    Fraction(1, 100),
    Fraction(1, 2),
    Fraction(1, 4),
    Fraction(3, 4),
    Fraction(3, 2),
}
"""What a problem gives in words (twelve, half, a third) or leaves to be known (100 %, 60 minutes, 52 weeks)."""


class Unconvertible(Exception):
    """A worked solution that is no chain of sums; the message is the reason, the same words for all of a kind."""


@dataclass(slots=True)
class _Step:
    name: str
    value: Fraction


def annotated_program(ident: str, problem: str, solution: str) -> Program:
    """The program of a GSM8K row. Raises Unconvertible."""
    worked, mark, answer = solution.rpartition("####")
    if not mark:
        raise Unconvertible("no final answer")
    steps: list[_Step] = []
    lines: list[str] = []
    facts = _facts(problem)
    given = {value for _, value in facts}
    once = {value: name for name, value in facts if [value for _, value in facts].count(value) == 1}
    for before, expression, value, after in _annotations(worked):
        text = _statement(expression, steps, given, once)
        if text.isdigit():
            raise Unconvertible("a number that the problem does not give")
        name = _name(before, after, {*(step.name for step in steps), *(name for name, _ in facts)})
        lines.append(f"{name} = {text}")
        steps.append(_Step(name, value))
    if not steps:
        raise Unconvertible("no calculations")
    try:
        known = [f"{name} = {written(value)}" for name, value in facts]
    except ValueError:
        raise Unconvertible("a number that is no short decimal") from None
    lines = [*known, *_needed(lines, steps), f"print({steps[-1].name})"]
    words = _ANNOTATION.sub("", worked).strip()
    return Program(ident, "gsm8k", problem.strip(), tuple(lines), answer.strip().replace(",", ""), words)


def _facts(problem: str) -> list[tuple[str, Fraction]]:
    """(name, value) of each number of the problem, in its order; every one has a name of its own."""
    texts = NUMBER.findall(problem)
    slots = iter(range(len(texts)))
    template = NUMBER.sub(lambda _: f"number{next(slots)}", problem)
    facts: list[tuple[str, Fraction]] = []
    for slot, text in enumerate(texts):
        facts.append((number_name(template, slot, {name for name, _ in facts}), exact(text)))
    return facts


def _annotations(worked: str) -> Iterator[tuple[str, str, Fraction, str]]:
    """(words before, expression, value, words after) of each annotation."""
    for line in worked.splitlines():
        pieces = _ANNOTATION.split(line)
        for before, expression, value, after in zip(
            pieces[0::3], pieces[1::3], pieces[2::3], pieces[3::3], strict=False
        ):
            yield before, expression, _value(value), after


def _value(text: str) -> Fraction:
    try:
        return exact(text)
    except (ValueError, ZeroDivisionError):
        raise Unconvertible("a result that is no number") from None


def _statement(
    expression: str, steps: list[_Step], given: set[Fraction], once: Mapping[Fraction, str]
) -> str:
    """The right side: the expression with variables for what earlier statements gave."""
    plain = _PERCENT.sub(r"(\1/100)", expression.replace(",", "").replace("x", "*")).strip().lstrip("+")
    if not _SUM.fullmatch(plain):
        raise Unconvertible("an expression of more than numbers")

    def replaced(match: re.Match[str]) -> str:
        value = exact(match[0])
        earlier = [step for step in steps if step.value == value]
        if earlier and (value in given or len(earlier) > 1):
            raise Unconvertible("an intermediate result that equals another number")
        if earlier:
            return earlier[0].name
        if value in once:
            return once[value]
        if value not in given and value not in _WORDS_AND_UNITS:
            raise Unconvertible("a number that the problem does not give")
        return re.sub(r"^0+(?=\d)", "", match[0]) if not match[0].startswith(".") else f"0{match[0]}"

    try:
        return ast.unparse(ast.parse(_LITERAL.sub(replaced, plain), mode="eval"))
    except SyntaxError:
        raise Unconvertible("an expression that can't be read") from None


def _needed(lines: list[str], steps: list[_Step]) -> list[str]:
    """The statements that the last one depends on."""
    needed, kept = {steps[-1].name}, []
    for line, step in zip(reversed(lines), reversed(steps), strict=True):
        if step.name in needed:
            needed |= set(re.findall(r"[A-Za-z_]\w*", line.partition("=")[2]))
            kept.append(line)
    return kept[::-1]


def _name(before: str, after: str, taken: set[str]) -> str:
    """Out of the words after the result ("24 clips in May"), else those that begin the sentence."""
    after = re.split(r"[.;!?](?:\s|$)| because | and | so ", NUMBER.sub("", after, count=1), maxsplit=1)[0]
    first = content_words(re.sub(r"\$?[\d.,]+%?", " ", before))
    behind = content_words(NUMBER.sub("", after))
    return name_of(behind or first, taken, more=first)
