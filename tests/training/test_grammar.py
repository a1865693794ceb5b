"""The project's own stories: every question of every kind, and files that are not as they should be."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.training.arithmetic import values
from mathagent.training.example import Program
from mathagent.training.grammar import Kind, read_kinds, stories, story
from mathagent.training.numbers import exact

FOLDER = Path(str(files("mathagent.training").joinpath("stories")))
FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "words.yaml")
KIND = Kind(
    {"x": (10, 40), "y": (2, 30), "z": (2, 40)},
    {"x": "{name}", "y": "gone", "z": "{other_name}"},
    ("{A} had {x} {things} and {z} {others}. {He} (gave|sold) {y} {things} to {B}.",),
    (
        ("How many {things} are left?", "left = {name} - gone"),
        ("What?", "left = {name} - gone; all = left + {other_name}"),
    ),
)


def checked(told: Program) -> None:
    *lines, last = told.lines
    assert not re.search(r"[{}|()]", told.problem), told.problem
    assert told.problem[-1] in "?.", told.problem
    found = values(lines)
    assert last == f"print({lines[-1].partition(' = ')[0]})"
    assert found[last[6:-1]] == exact(told.answer)
    assert all(each > 0 and each.denominator == 1 for each in found.values())
    assert len(found) == len(lines)
    given = [line.split(" = ")[1] for line in lines if line.split(" = ")[1].isdigit()]
    told_numbers = dict.fromkeys(re.findall(r"\d+", told.problem))  # a question may say one again
    assert [each for each in told_numbers if each in given] == given, told


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_question_of_every_kind(path: Path) -> None:
    draw = random.Random(path.stem)
    for kind in read_kinds(path):
        for ask in range(len(kind.asks)):
            checked(story("0", kind, draw, ask=ask))


@given(st.integers(0, 10**6))
def test_a_seed_tells_the_same_stories(seed: int) -> None:
    told = list(stories(8, seed))
    assert told == list(stories(8, seed))
    assert len({each.problem for each in told}) == 8


@given(st.integers(0, 10**6))
def test_a_program_begins_with_the_numbers_of_the_text_in_its_order(seed: int) -> None:
    told = story("0", KIND, random.Random(seed), ask=0)
    checked(told)
    given = re.findall(r"\d+", told.problem)
    assert [line.split(" = ")[1] for line in told.lines[: len(given)]] == given
    assert len(told.lines) == len(given) + 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numbers": {"x": (1, 2), "y": (5, 9), "z": (1, 9)}}, "no numbers fit"),
        (
            {"facts": {"x": "left", "y": "gone", "z": "all"}, "asks": (("?", "left = left - gone"),)},
            "names that can't",
        ),
        ({"asks": (("?", "class = {name} - gone"),)}, "invalid syntax|names that can't"),
        ({"asks": (("?", "t-shirts = {name} - gone"),)}, "names that can't"),
    ],
)
def test_a_kind_that_makes_no_program_is_refused(change: dict[str, object], message: str) -> None:
    parts = {name: getattr(KIND, name) for name in Kind.__slots__} | change
    with pytest.raises((ValueError, SyntaxError), match=message):
        story("0", Kind(**parts), random.Random(0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{numbers: {x: [1, 9]}, facts: {y: a}, stories: ["{x}."], asks: [["?", "b = a"]]}',
            "without a fact",
        ),
        ("{numbers: {x: [1, 9]}, facts: {x: a}, stories: [], asks: []}", "no stories"),
        (
            '{numbers: {x: [1, 9]}, facts: {x: "{k1}_ax"}, stories: ["{x} axes."], asks: [["?", "b = a"]]}',
            "facts named by words that no text has: k1",
        ),
    ],
)
def test_a_file_that_is_not_as_it_should_be(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "kinds.yaml"
    path.write_text(f"- {text}\n")
    with pytest.raises(ValueError, match=message):
        read_kinds(path)


def test_the_samples_of_a_file_are_shown_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "kinds.yaml"
    text = '- numbers: {x: [2, 9]}\n  facts: {x: pens}\n  stories: ["{A} has {x} pens."]\n  asks:\n'
    path.write_text(
        text
        + '    - ["How many are 3 times as many?", "all_pens = pens * 3"]\n    - ["{Q}?", "less = pens - 1"]\n'
    )
    command = [sys.executable, "-m", "mathagent.training.grammar", str(path)]
    broken = tmp_path / "broken.yaml"
    broken.write_text("- {x: [")
    command += [str(tmp_path / "nothing.yaml"), str(broken)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "How many are 3 times as many?" in ended.stdout
    ask, nothing, unread = ended.stderr.splitlines()
    assert ask == f"{path}, kind 1, ask 2: KeyError('Q')"
    assert nothing.startswith(f"can't read {tmp_path / 'nothing.yaml'}: [Errno 2]")
    assert unread.startswith(f"can't read {broken}: while parsing")
