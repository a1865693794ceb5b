"""Stories out of the project's own grammar (`stories/`): wording, question, people, things, numbers, asides by a seed.

`python -m mathagent.training.grammar FILE` shows a sample of every question of a file, and what is wrong with it.
"""

from __future__ import annotations

import keyword
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from mathagent.training.arithmetic import values
from mathagent.training.example import Program
from mathagent.training.numbers import written

ASIDES = 0.15
"""The share of stories with a sentence in them that says nothing to the point."""
_ATTEMPTS = 2000
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where PyYAML has libyaml
_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_FIELD = re.compile(r"\{(\w+)\}")
_SAID = {
    "name": ("things", "thing"),
    "other_name": ("others", "other"),
    "third_name": ("thirds", "third"),
    "animal_name": ("animals", "animal"),
    "beast_name": ("beasts",),
    "box_name": ("boxes", "box"),
    **{f"day{number}": (f"Day{number}",) for number in (1, 2, 3)},
}
"""Which words of a text an identifier stands for, where its field has another name."""
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiouAEIOU](?!se|ni|ne\b))")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of story: see `stories/README.md`. asks: (question, its steps) pairs."""

    numbers: Mapping[str, tuple[int, int]]
    facts: Mapping[str, str]
    stories: tuple[str, ...]
    asks: tuple[tuple[str, str], ...]


def stories(count: int, seed: int) -> Iterator[Program]:
    """`count` programs with their problems, every kind of story as often as any other. Equal seeds, equal stories."""
    draw = random.Random(f"stories {seed}")
    kinds = _kinds()
    for number in range(count):
        yield story(f"{seed}-{number}", kinds[number % len(kinds)], draw)


def story(ident: str, kind: Kind, draw: random.Random, *, ask: int | None = None) -> Program:
    """A story of a kind, with the question `ask` or any. Raises ValueError where no numbers fit."""
    words = _words(draw)
    text = draw.choice(kind.stories)
    question, steps = kind.asks[draw.randrange(len(kind.asks)) if ask is None else ask]
    facts = dict(kind.facts)
    if draw.random() < ASIDES:
        aside, facts["aside"] = draw.choice(_vocabulary()["asides"])
        aside = aside.replace("{n}", "{aside}")
        text = f"{text} {aside}" if text.endswith(".") and draw.random() < 0.6 else f"{aside} {text}"
    text = _CHOICE.sub(lambda match: draw.choice(match[1].split("|")), f"{text} {question}".strip())
    given = [name for name in dict.fromkeys(_FIELD.findall(text)) if name in facts]
    ranges = {**kind.numbers, "aside": (2, 60)}
    for _ in range(_ATTEMPTS):
        numbers = {name: _number(*ranges[name], draw) for name in given}
        lines = [f"{facts[name]} = {numbers[name]}" for name in given] + steps.split("; ")
        lines = [line.format(**words, **numbers) for line in lines]
        try:
            found = values(lines)
        except ZeroDivisionError:
            continue
        if len({*numbers.values()}) == len(numbers) and all(map(_fits, found.values())):
            break
    else:
        raise ValueError(f"no numbers fit {text!r}")
    names = [line.partition(" = ")[0] for line in lines]
    if len({*names}) < len(names) or any(
        keyword.iskeyword(each) or not each.isidentifier() for each in names
    ):
        raise ValueError(f"names that can't be used: {', '.join(names)} in {text!r}")
    problem = _ARTICLE.sub(r"\1n ", text.format(**words, **numbers))
    return Program(ident, "grammar", problem, (*lines, f"print({names[-1]})"), written(found[names[-1]]))


def _number(low: int, high: int, draw: random.Random) -> int:
    """Small numbers more often than large ones, as in problems that people write."""
    return draw.randint(low, low + (high - low) // draw.choice((1, 1, 4, 12)))


def _fits(value: Fraction) -> bool:
    return value > 0 and value.denominator == 1


def read_kinds(path: Any) -> tuple[Kind, ...]:
    """The kinds of a file, a path or a resource. Raises ValueError for one that is not as it should be.

    KeyError, TypeError and YAMLError come from a file that has another form altogether.
    """
    kinds = []
    for each in yaml.load(path.read_text(encoding="utf-8"), _LOADER):
        numbers = {name: (low, high) for name, (low, high) in each["numbers"].items()}
        asks = tuple((question, steps) for question, steps in each["asks"])
        kind = Kind(numbers, each["facts"], tuple(each["stories"]), asks)
        if not kind.stories or not asks:
            raise ValueError(f"no stories or no asks: {each}")
        if numbers.keys() != kind.facts.keys():
            raise ValueError(f"numbers without a fact or facts without a number: {kind.stories[0]!r}")
        if unsaid := _unsaid(kind):
            raise ValueError(
                f"facts named by words that no text has: {', '.join(unsaid)} in {kind.stories[0]!r}"
            )
        kinds.append(kind)
    return tuple(kinds)


def _unsaid(kind: Kind) -> list[str]:
    """The fields of facts' names whose words neither a story nor a question has."""
    texts = " ".join((*kind.stories, *(question for question, _ in kind.asks)))
    fields = {field for name in kind.facts.values() for field in _FIELD.findall(name)}
    said = {field: {field, *_SAID.get(field, ()), field.upper()} for field in fields}
    return sorted(field for field in fields if not said[field] & {*_FIELD.findall(texts)})


@cache
def _kinds() -> tuple[Kind, ...]:
    return tuple(kind for name in _files() for kind in read_kinds(_folder(name)))


def _folder(name: str) -> Any:
    return files(__package__).joinpath("stories", name)


def _files() -> list[str]:
    found = (each.name for each in files(__package__).joinpath("stories").iterdir())
    return sorted(name for name in found if name.endswith(".yaml") and name != "words.yaml")


@cache
def _vocabulary() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(_folder("words.yaml").read_text(encoding="utf-8"))
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
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
            wrong += 1
            sys.stderr.write(f"can't read {path}: {' '.join(str(error).split())}\n")
            continue
        for number, kind in enumerate(kinds, start=1):
            for ask in range(len(kind.asks)):
                try:
                    for _ in range(20):
                        shown = story("0", kind, draw, ask=ask)
                except (ValueError, KeyError, SyntaxError) as error:
                    wrong += 1
                    sys.stderr.write(f"{path}, kind {number}, ask {ask + 1}: {error!r}\n")
                else:
                    program = "; ".join(shown.lines)
                    sys.stdout.write(f"{number}. {shown.problem}\n   {program}  # {shown.answer}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(_show(sys.argv[1:]))
