"""MAWPS and ASDiv-A as programs, from equations in prefix form such as `- + number0 number1 number2`.

The numbers get names from the words around them, the result one from the question. Pure.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from mathagent.training.annotated import Unconvertible
from mathagent.training.example import Program
from mathagent.training.numbers import exact, written
from mathagent.training.words import SLOT, content_words, name_of, number_name

_OPERATIONS = "+-*/"
_ASKED: tuple[tuple[str, str, str], ...] = (
    (r"left|remain", "-", "left"),
    (r"altogether|in all|in total|total|together|combined|overall", "+*", "total"),
    (r"more|fewer|less|longer|taller|farther|older|difference|greater", "-", "difference"),
    (r"each|per|average|every", "/", "each"),
)
"""Words of a question, the last operations that they fit, and the name of the result."""
_ON_THE_WAY = {"+": "together", "-": "rest", "*": "amount", "/": "share"}
"""Names of results that are not the last."""
_ATTEMPTS = 40

Tree = str | tuple[str, "Tree", "Tree"]


def prefix_program(row: Mapping[str, str], *, change: random.Random | None = None) -> Program:
    """The program of a row of the SVAMP paper's training split (question_template, numbers, equation_prefix).

    `change` draws other numbers of the same size: integers stay integers, and every intermediate result stays positive
    and as whole as it was; the program then gives the answer. Raises Unconvertible.
    """
    template = _tidy(row["question_template"])
    try:
        numbers = [exact(each) for each in row["numbers"].split()]
        tree = _tree(row["equation_prefix"].split())
    except (ValueError, IndexError):
        raise Unconvertible("an equation that can't be read") from None
    source = "mawps-asdiv"
    if change is not None:
        numbers, source = _changed(tree, numbers, change), "mawps-asdiv changed"
    answer = _value(tree, numbers)
    if change is None and abs(answer - exact(row["answer"])) > Fraction(1, 1000):
        raise Unconvertible("an equation that does not give the answer")
    try:
        shown = [written(each) for each in numbers]
        final = written(answer)
    except ValueError:
        raise Unconvertible("a number that is no short decimal") from None
    lines = _lines(tree, template, shown)
    problem = SLOT.sub(lambda match: shown[int(match[1])], template)
    before = [written(exact(each)) for each in row["numbers"].split()] if change is not None else []
    original = SLOT.sub(lambda match: before[int(match[1])], template) if before else ""
    return Program(str(row["row"]), source, problem, tuple(lines), final, original=original)


def _tidy(text: str) -> str:
    """The text without the spaces that a tokenizer left before marks."""
    text = re.sub(r"\s+([.,?!;:%)]|'s\b|n't\b)", r"\1", text)
    text = re.sub(r"([$(])\s+", r"\1", re.sub(r"\s+-\s+", "-", text))
    return re.sub(r"\s+", " ", text).strip()


def _tree(tokens: Sequence[str]) -> Tree:
    tree, rest = _read(list(tokens))
    if rest:
        raise ValueError("more than one expression")
    return tree


def _read(tokens: list[str]) -> tuple[Tree, list[str]]:
    head, rest = tokens[0], tokens[1:]
    if head not in _OPERATIONS:
        return head, rest
    left, rest = _read(rest)
    right, rest = _read(rest)
    return (head, left, right), rest


def _value(tree: Tree, numbers: Sequence[Fraction], seen: list[Fraction] | None = None) -> Fraction:
    """The value; `seen` collects every intermediate one. Raises Unconvertible for a division by zero."""
    if isinstance(tree, str):
        match = SLOT.fullmatch(tree)
        return numbers[int(match[1])] if match else exact(tree)
    left, right = _value(tree[1], numbers, seen), _value(tree[2], numbers, seen)
    if tree[0] == "/" and right == 0:
        raise Unconvertible("a division by zero")
    value = {"+": left + right, "-": left - right, "*": left * right}.get(tree[0])
    value = left / right if value is None else value
    if seen is not None:
        seen.append(value)
    return value


def _changed(tree: Tree, numbers: Sequence[Fraction], draw: random.Random) -> list[Fraction]:
    if any(each.denominator != 1 or each < 2 for each in numbers):
        raise Unconvertible("numbers that are not changed: decimals, zero, one")
    before: list[Fraction] = []
    _value(tree, numbers, before)
    for _ in range(_ATTEMPTS):
        drawn = [Fraction(draw.randint(2, max(9, 2 * int(each)))) for each in numbers]
        after: list[Fraction] = []
        _value(tree, drawn, after)
        whole = all(
            new > 0 and (new.denominator == 1 or old.denominator != 1)
            for old, new in zip(before, after, strict=True)
        )
        if whole and len(set(drawn)) == len(drawn):
            return drawn
    raise Unconvertible("no other numbers were found")


def _lines(tree: Tree, template: str, shown: Sequence[str]) -> list[str]:
    """The numbers of the text in its order, those that the equation does not use, too; an operation a line; a print.

    To see what is there before choosing is easier than to choose while reading, and every problem then begins alike.
    """
    used = {int(match[1]) for match in map(SLOT.fullmatch, _leaves(tree)) if match}
    given = list(dict.fromkeys(int(each) for each in SLOT.findall(template)))
    if not used:
        raise Unconvertible("an equation without the problem's numbers")
    if not used.issubset(given):
        raise Unconvertible("a number that is not in the text")
    names: dict[int, str] = {}
    for slot in given:
        names[slot] = number_name(template, slot, set(names.values()))
    result = _result_name(template, tree[0], set(names.values()))
    lines = [f"{names[slot]} = {shown[slot]}" for slot in given]
    last = _told(tree, names, {*names.values(), result}, lines)
    return [*lines, f"{result} = {last}", f"print({result})"]


def _leaves(tree: Tree) -> list[str]:
    return [tree] if isinstance(tree, str) else [*_leaves(tree[1]), *_leaves(tree[2])]


def _told(tree: Tree, names: Mapping[int, str], taken: set[str], lines: list[str]) -> str:
    """The tree as one operation over names; what it needs before is added to `lines`."""
    if isinstance(tree, str):
        match = SLOT.fullmatch(tree)
        return names[int(match[1])] if match else written(exact(tree))
    parts = []
    for part in tree[1:]:
        told = _told(part, names, taken, lines)
        if not isinstance(part, str):
            name = name_of([_ON_THE_WAY[part[0]]], taken)
            taken.add(name)
            lines.append(f"{name} = {told}")
            told = name
        parts.append(told)
    return f" {tree[0]} ".join(parts)


def _result_name(template: str, operation: str, taken: set[str]) -> str:
    """By what is asked for: left, total, difference, each; else the thing that is counted."""
    question = re.split(r"(?<=[.!])\s", template)[-1].lower()
    for pattern, operations, name in _ASKED:
        if operation in operations and re.search(rf"\b(?:{pattern})\b", question):
            return name_of([name], taken, more=["the"])
    asked = re.search(r"how (?:many|much|far|long|old|tall)(.*)", question)
    return name_of(content_words(SLOT.sub("", asked[1]))[:1] if asked else ["answer"], taken, more=["all"])
