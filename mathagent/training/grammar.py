"""Stories out of the project's own grammar (`grammar.yaml`): wording, people, things, numbers and asides by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from mathagent.training.arithmetic import values
from mathagent.training.example import Program
from mathagent.training.numbers import written

ASIDES = 0.2
"""The share of stories with a sentence in them that says nothing to the point."""
_ATTEMPTS = 200


def stories(count: int, seed: int) -> Iterator[Program]:
    """`count` programs with their problems, every kind of story as often as any other. Equal seeds, equal stories."""
    draw = random.Random(f"stories {seed}")
    kinds = _grammar()["stories"]
    for number in range(count):
        yield _story(f"{seed}-{number}", kinds[number % len(kinds)], draw)


@cache
def _grammar() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(
        files(__package__).joinpath("grammar.yaml").read_text(encoding="utf-8")
    )
    return loaded


def _story(ident: str, kind: dict[str, Any], draw: random.Random) -> Program:
    words = _words(draw)
    text: str = draw.choice(kind["texts"])
    for _ in range(_ATTEMPTS):
        numbers = {name: draw.randint(low, high) for name, (low, high) in kind["numbers"].items()}
        lines = [line.format(**words, **numbers) for line in kind["code"]]
        found = values(lines)
        if len(set(numbers.values())) == len(numbers) and all(
            each > 0 and each.denominator == 1 for each in found.values()
        ):
            break
    else:
        raise ValueError(f"no numbers fit the story {text!r}")
    problem = text.format(**words, **numbers)
    if draw.random() < ASIDES:
        problem = _with_aside(problem, words, draw)
    result = lines[-1].partition(" = ")[0]
    return Program(ident, "grammar", problem, (*lines, f"print({result})"), written(found[result]))


def _words(draw: random.Random) -> dict[str, str]:
    grammar = _grammar()
    people = draw.sample(grammar["people"], 3)
    (things, thing), (others, _) = draw.sample(grammar["things"], 2)
    boxes, box = draw.choice(grammar["boxes"])
    return {
        **dict(zip("ABC", people, strict=True)),
        **{key: name.split()[-1].lower() for key, name in zip("abc", people, strict=True)},
        "things": things,
        "thing": thing,
        "name": things.replace(" ", "_"),
        "others": others,
        "boxes": boxes,
        "box": box,
        "place": draw.choice(grammar["places"]),
    }


def _with_aside(problem: str, words: dict[str, str], draw: random.Random) -> str:
    """A sentence put in before the last one, or at the beginning."""
    aside = draw.choice(_grammar()["asides"]).format(**words, n=draw.randint(2, 90))
    *rest, question = problem.split(". ")
    if not rest or any("Mr" in each[-3:] for each in rest):
        return f"{aside} {problem}"
    return f"{'. '.join(rest)}. {aside} {question}"
