"""Stories out of the project's own grammar (`stories/`): wording, questions, people, things, numbers, asides by a seed.

`python -m mathagent.training.grammar FILE` shows a sample of every question of a file, and what is wrong with it.
"""

from __future__ import annotations

import builtins
import keyword
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from mathagent.training.arithmetic import values
from mathagent.training.example import Program
from mathagent.training.kinds import NUMBER, USUAL, Ask, Kind, faults, read_kinds
from mathagent.training.numbers import written

ASIDES = 0.1
"""The share of stories with a sentence in them that says nothing to the point."""
_ATTEMPTS = 1500
_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_ARTICLE = re.compile(r"(\ba|^A|(?<=[.?!] )A) (?=[aeiouAEIOU](?!s[eu]|ni|ne\b))")
"""Articles before a vowel; not the letter that "room A" is called by."""
_SUFFIX = ".txt"
_BASICS = "basics.txt"


def stories(
    count: int, seed: int, *, together: int = 1, single: float = 1.0, basics: int = 1
) -> Iterator[Program]:
    """`count` programs with their problems, every kind of story as often as any other. Equal seeds, equal stories.

    single: the share of the questions with one operation that are asked; a kind without another is asked one of them.
    basics: how often the kinds of `basics.txt` are told where any other is told once.
    together: at most so many questions over the same text and numbers, one after another, where numbers fit them all.
    """
    draw = random.Random(f"stories {seed}")
    kinds: list[Kind] = []
    told = 0
    while told < count:
        if not kinds:
            often = [kind for kind, basic in _kinds() for _ in range(basics if basic else 1)]
            kinds = draw.sample(often, len(often))
        kind = kinds.pop()
        asked = kind.asks
        if single < 1:
            asked = tuple(each for each in asked if len(each.steps) > 1 or draw.random() < single)
            asked = asked or (draw.choice(kind.asks),)
        asks = draw.sample(asked, min(together, len(asked), count - told))
        text = draw.choice(kind.texts)
        try:
            told_now = story(f"{seed}-{told}", kind, draw, text=text, asks=asks)
        except ValueError:
            if len(asks) == 1:
                raise
            told_now = story(f"{seed}-{told}", kind, draw, text=text, asks=asks[:1])
        told += len(told_now)
        yield from told_now


def story(ident: str, kind: Kind, draw: random.Random, *, text: str, asks: Sequence[Ask]) -> list[Program]:
    """A text of a kind with each of some of its questions. Raises ValueError where no numbers fit all."""
    words = _words(draw)
    if draw.random() < ASIDES:
        aside = draw.choice(_asides(kind, words))
        text = f"{text} {aside}" if text.endswith(".") and draw.random() < 0.6 else f"{aside} {text}"
    text = _chosen(text, draw)
    questions = [_chosen(ask.question, draw) for ask in asks]
    names = [dict.fromkeys(NUMBER.findall(f"{text} {question}")) for question in questions]
    for _ in range(_ATTEMPTS):
        numbers = {name: _number(*kind.ranges.get(name, USUAL), draw) for each in names for name in each}
        if len({*numbers.values()}) < len(numbers):
            continue
        programs = [
            [*(f"{name} = {numbers[name]}" for name in each), *ask.steps]
            for each, ask in zip(names, asks, strict=True)
        ]
        programs = [[line.format(**words) for line in lines] for lines in programs]
        try:
            found = [values(lines) for lines in programs]
        except ZeroDivisionError:
            continue
        if all(_fits(value) for each in found for value in each.values()):
            break
    else:
        raise ValueError(f"no numbers fit {text!r}")
    return [
        _program(f"{ident}.{number}", f"{text} {question}", words, numbers, lines, known)
        for number, (question, lines, known) in enumerate(zip(questions, programs, found, strict=True))
    ]


def _program(
    ident: str,
    text: str,
    words: Mapping[str, str],
    numbers: Mapping[str, int],
    lines: Sequence[str],
    known: Mapping[str, Fraction],
) -> Program:
    names = [line.partition(" = ")[0] for line in lines]
    if len({*names}) < len(names) or not all(map(_usable, names)):
        raise ValueError(f"names that can't be used: {', '.join(names)} in {text!r}")
    problem = NUMBER.sub(lambda match: str(numbers[match[1]]), text).format(**words)
    problem = _ARTICLE.sub(r"\1n ", problem)
    return Program(ident, "grammar", problem, (*lines, f"print({names[-1]})"), written(known[names[-1]]))


def _asides(kind: Kind, words: Mapping[str, str]) -> list[str]:
    """The asides whose numbers have names that neither a number nor a result of the kind has."""
    results = [step.partition(" = ")[0] for ask in kind.asks for step in ask.steps]
    texts = [*kind.texts, *(ask.question for ask in kind.asks)]
    taken = {name.format(**words) for name in (*results, *NUMBER.findall(" ".join(texts)))}
    asides: list[str] = _vocabulary()["asides"]
    return [
        each for each in asides if not any(name.format(**words) in taken for name in NUMBER.findall(each))
    ]


def _usable(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not hasattr(builtins, name)


def _chosen(text: str, draw: random.Random) -> str:
    """One of every `(a|b)`, the innermost first."""
    while _CHOICE.search(text):
        text = _CHOICE.sub(lambda match: draw.choice(match[1].split("|")), text)
    return text


def _number(low: int, high: int, draw: random.Random) -> int:
    """Small numbers more often than large ones, as in problems that people write."""
    return draw.randint(low, low + (high - low) // draw.choice((1, 1, 4, 12)))


def _fits(value: Fraction) -> bool:
    return value > 0 and value.denominator == 1


@cache
def _kinds() -> tuple[tuple[Kind, bool], ...]:
    """All kinds, and whether they are basic ones."""
    folder = files(__package__).joinpath("stories")
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(_SUFFIX))
    return tuple((kind, name == _BASICS) for name in names for kind in read_kinds(folder.joinpath(name)))


@cache
def _vocabulary() -> dict[str, Any]:
    text = files(__package__).joinpath("stories", "words.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def _words(draw: random.Random) -> dict[str, str]:
    vocabulary = _vocabulary()
    gender = draw.choice(["she", "he"])
    first = draw.choice(vocabulary[gender])
    rest = [each for each in (*vocabulary["she"], *vocabulary["he"]) if each != first]
    people = [first, *draw.sample(rest, 2)]
    words = dict(zip("ABC", people, strict=True))
    words |= {key.lower(): _identifier(name.split()[-1]) for key, name in words.items()}
    his, him = ("her", "her") if gender == "she" else ("his", "him")
    words |= {"he": gender, "his": his, "him": him, "He": gender.capitalize(), "His": his.capitalize()}
    for pair, key, number in (
        (("things", "thing", "name"), "things", 0),
        (("others", "other", "other_name"), "things", 1),
        (("thirds", "third", "third_name"), "things", 2),
        (("animals", "animal", "animal_name"), "animals", 0),
        (("beasts", "beast", "beast_name"), "animals", 1),
        (("boxes", "box", "box_name"), "boxes", 0),
    ):
        if number == 0:
            drawn = draw.sample(vocabulary[key], 3)
        plural, singular = drawn[number]
        words |= dict(zip(pair, (plural, singular, _identifier(plural)), strict=True))
    words |= dict(zip(("k1", "k2", "k3"), draw.sample(draw.choice(vocabulary["kinds"]), 3), strict=True))
    words |= dict(zip(("place", "place2"), draw.sample(vocabulary["places"], 2), strict=True))
    start = draw.randrange(len(vocabulary["days"]))
    for number in range(3):
        day = vocabulary["days"][(start + number) % len(vocabulary["days"])]
        words |= {f"Day{number + 1}": day, f"day{number + 1}": day.lower()}
    return words


def _identifier(text: str) -> str:
    return text.lower().replace(" ", "_")


def _show(paths: Sequence[str]) -> int:
    """A sample of every question on stdout, errors on stderr; 1 if there are any."""
    draw, wrong = random.Random(0), 0
    for path in paths:
        try:
            kinds = read_kinds(Path(path))
        except (OSError, ValueError) as error:
            wrong += 1
            sys.stderr.write(f"can't read {path}: {' '.join(str(error).split())}\n")
            continue
        for kind in kinds:
            for fault in faults(kind):
                wrong += 1
                sys.stderr.write(f"{path}, line {kind.line}: {fault}\n")
            for ask in kind.asks:
                try:
                    for text in kind.texts:
                        (shown,) = story("0", kind, draw, text=text, asks=[ask])
                except (ValueError, KeyError, SyntaxError) as error:
                    wrong += 1
                    sys.stderr.write(f"{path}, line {kind.line}: {error} at {ask.question!r}\n")
                else:
                    sys.stdout.write(f"{kind.line}. {shown.problem}\n   {'; '.join(shown.lines)}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(_show(sys.argv[1:]))
