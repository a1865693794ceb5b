"""Build the training data: public problems with a known way to the answer, and stories of the project's own.

Sources are converted to programs (annotated, prefix, grammar), varied in their numbers, run in the sandbox, kept only
if they print the known answer, and kept out if an evaluation set has the problem. Then every program gets a shape.
"""

from __future__ import annotations

import csv
import json
import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from kernels_sandbox import KernelPool
from mathagent.data import Problem
from mathagent.errors import DataError
from mathagent.training.annotated import Unconvertible, annotated_program
from mathagent.training.changed import changed_program
from mathagent.training.example import Example, Program
from mathagent.training.grammar import stories
from mathagent.training.ledger import Ledger
from mathagent.training.numbers import same
from mathagent.training.overlaps import Evaluation
from mathagent.training.prefix import prefix_program
from mathagent.training.shapes import corrected, in_blocks, in_words, numbers, plain
from mathagent.training.verify import outputs

SHARES: Mapping[str, float] = {"blocks": 0.03, "corrected": 0.02, "words": 0.02, "numbers": 0.02}
"""Shares of the programs that get another shape than one block, where it fits them."""

SOURCES = ("gsm8k", "gsm8k changed", "mawps-asdiv", "mawps-asdiv changed", "grammar")
"""What examples come from, by the names that the ledger counts them under."""

TOGETHER = 4
"""Questions over one story at most: what differs is then the question alone, and `rows` makes it cheap."""

SINGLE = 0.5
"""The share of the questions of one operation that are asked: three of four that were written are, and a model that
learned from all of them ended after the first of two steps (README.md, "build")."""

BASICS = 5
"""How often the commonest ways of putting numbers together are told where any other story is told once."""


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """What is built.

    gsm8k: rows with `question` and `answer` (the training split), JSON Lines. mawps: the SVAMP paper's training split
    of MAWPS and ASDiv-A, JSON Lines or CSV. Either may be None. stories: how many of the grammar. changed: how many
    times each convertible problem comes with other numbers. ended: the share of one-block examples that go on to the
    output and the boxed answer (the others stop after the block, which is what costs tokens). longest: characters of
    a problem and its program together, longer ones are left out; None for no limit. at_most: how many examples a source
    may have, drawn by the seed; a source that is not named has all of its.
    """

    gsm8k: Path | None = None
    mawps: Path | None = None
    stories: int = 1000
    changed: int = 1
    ended: float = 0.35
    longest: int | None = None
    at_most: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    shares: Mapping[str, float] = field(default_factory=lambda: dict(SHARES))


def held_out() -> list[dict[str, str]]:
    """The project's own problems that are never trained on: id, problem, answer. The first is that of `make demo`."""
    text = files(__package__).joinpath("held_out.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


async def build(
    settings: BuildSettings, evaluation: Evaluation, pool: KernelPool
) -> tuple[list[Example], Ledger]:
    """The examples in an order drawn by the seed, and the ledger. Raises DataError for files that can't be read."""
    told = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(settings).items()}
    ledger = Ledger("build", told)
    evaluation.add("held_out", [Problem(id=row["id"], text=row["problem"]) for row in held_out()])
    draw = random.Random(settings.seed)
    seen: set[str] = set()
    programs = []
    for program in _programs(settings, draw, ledger):
        if settings.longest is not None and len(program.problem) + len(program.code) > settings.longest:
            ledger.drop(program.source, f"longer than {settings.longest} characters")
        elif (overlap := evaluation.find(program.problem)) is not None:
            ledger.drop(program.source, f"overlaps with {overlap}")
        elif program.problem in seen:
            ledger.drop(program.source, "the same problem twice")
        else:
            seen.add(program.problem)
            programs.append(program)
    examples = []
    async for program, printed, error in outputs(pool, programs):
        if printed is None:
            ledger.drop(program.source, f"the program raises {error}")
        elif not same(printed, program.answer):
            ledger.drop(program.source, "the program gives another answer")
        else:
            examples.append(await _shaped(program, printed, settings, pool, draw))
    draw.shuffle(examples)
    examples = list(_limited(examples, settings.at_most, ledger))
    shapes: dict[str, int] = {}
    for example in examples:
        shapes[example.shape] = shapes.get(example.shape, 0) + 1
    ledger.note(examples=len(examples), shapes=shapes, evaluation_problems=len(evaluation))
    return examples, ledger


def _limited(examples: Iterable[Example], at_most: Mapping[str, int], ledger: Ledger) -> Iterator[Example]:
    """The first of each source, as many as it may have."""
    had: Counter[str] = Counter()
    for example in examples:
        had[example.source] += 1
        if had[example.source] > at_most.get(example.source, math.inf):
            ledger.drop(example.source, f"more than {at_most[example.source]}")
        else:
            ledger.keep(example.source)
            yield example


async def _shaped(
    program: Program, printed: str, settings: BuildSettings, pool: KernelPool, draw: random.Random
) -> Example:
    """The program in a shape that is drawn; in one block where that shape does not fit it."""
    chance, ended = draw.random(), draw.random() < settings.ended
    example: Example | None = None
    for shape, share in settings.shares.items():
        if 0 <= chance < share:
            if shape == "blocks":
                example = await in_blocks(pool, program)
            elif shape == "corrected":
                example = await corrected(pool, program, draw)
            elif shape == "words":
                example = in_words(program)
            else:
                example = numbers(program)
        chance -= share
    return example or plain(program, printed, ended=ended)


def _programs(settings: BuildSettings, draw: random.Random, ledger: Ledger) -> Iterator[Program]:
    if settings.gsm8k is not None:
        for number, row in enumerate(_rows(settings.gsm8k)):
            try:
                program = annotated_program(str(number), row["question"], row["answer"])
            except Unconvertible as error:
                ledger.drop("gsm8k", str(error))
                continue
            yield program
            for copy in range(settings.changed):
                try:
                    changed = changed_program(program, draw)
                except (Unconvertible, ValueError) as error:
                    ledger.drop(
                        "gsm8k changed", str(error) if isinstance(error, Unconvertible) else "no sums"
                    )
                else:
                    yield replace(changed, id=f"{number}.{copy}")
    if settings.mawps is not None:
        for row in _rows(settings.mawps):
            for copy in range(settings.changed + 1):
                source = "mawps-asdiv changed" if copy else "mawps-asdiv"
                try:
                    yield prefix_program(row, change=draw if copy else None)
                except Unconvertible as error:
                    ledger.drop(source, str(error))
    yield from stories(settings.stories, settings.seed, together=TOGETHER, single=SINGLE, basics=BASICS)


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            if path.suffix == ".csv":
                return [_svamp_names(number, row) for number, row in enumerate(csv.DictReader(file))]
            return [json.loads(line) for line in file]
    except (OSError, ValueError) as error:
        raise DataError(f"can't read {path}: {error}") from None


def _svamp_names(number: int, row: Mapping[str, str]) -> dict[str, str]:
    """A row of arkilpatel/SVAMP's own CSV under the names that are used here."""
    named = {
        "Question": "question_template",
        "Numbers": "numbers",
        "Equation": "equation_prefix",
        "Answer": "answer",
    }
    return {"row": str(number), **{new: row[old] for old, new in named.items()}}
