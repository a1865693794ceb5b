"""The project's own stories: every question of every kind, and files that are not as they should be."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.training import grammar
from mathagent.training.arithmetic import values
from mathagent.training.example import Program
from mathagent.training.grammar import stories, story
from mathagent.training.kinds import NUMBER, Ask, Kind, faults, read_kinds
from mathagent.training.numbers import exact

FOLDER = Path(str(files("mathagent.training").joinpath("stories")))
FILES = sorted(FOLDER.glob("*.txt"))
KIND = """
{A} had [{name} 10-40] {things} and [{other_name} 2-40] {others}. {He} (gave|(sold|lent)) [gone 2-30] {things} to {B}.
{B} took [gone] of the [{name}] {things}; {A} has [{other_name}] {others} too.
? How many {things} are left? => left = {name} - gone
? What is (everything|the whole) with [new] more? => left = {name} - gone; now = left + {other_name}; whole = now + new
"""


def kind(text: str, folder: Path) -> Kind:
    (folder / "kind.txt").write_text(text)
    (read,) = read_kinds(folder / "kind.txt")
    return read


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Kind:
    return kind(KIND, tmp_path_factory.mktemp("kinds"))


def checked(told: Program) -> None:
    *lines, last = told.lines
    assert not re.search(r"[\[\]{}|]", told.problem), told.problem
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
def test_every_question_of_every_text_of_every_kind(path: Path) -> None:
    draw = random.Random(path.stem)
    for each in read_kinds(path):
        assert not faults(each)
        for ask in each.asks:
            for text in each.texts:
                (told,) = story("0", each, draw, text=text, asks=[ask])
                checked(told)


def test_a_kind_is_read_as_it_is_written(usual: Kind) -> None:
    assert (usual.line, len(usual.texts), len(usual.asks)) == (2, 2, 2)
    assert usual.texts[1].startswith("{B} took [gone] of the [{name}] {things};")
    assert usual.ranges == {"{name}": (10, 40), "{other_name}": (2, 40), "gone": (2, 30)}
    assert usual.asks[0] == Ask("How many {things} are left?", ("left = {name} - gone",))


@given(st.integers(0, 10**6), st.integers(1, 4))
def test_a_seed_tells_the_same_stories(seed: int, together: int) -> None:
    told = list(stories(8, seed, together=together))
    assert told == list(stories(8, seed, together=together))
    assert len({each.problem for each in told}) == len({each.id for each in told}) == 8


@given(st.integers(0, 10**6))
def test_a_program_begins_with_the_numbers_of_the_text_in_its_order(usual: Kind, seed: int) -> None:
    (told,) = story("0", usual, random.Random(seed), text=usual.texts[1], asks=usual.asks[:1])
    checked(told)
    given = re.findall(r"\d+", told.problem)
    assert [line.split(" = ")[1] for line in told.lines[: len(given)]] == given
    assert len(told.lines) == len(given) + 2


@given(st.integers(0, 10**6))
def test_questions_over_one_text_have_its_words_and_numbers(usual: Kind, seed: int) -> None:
    one, two = story("0", usual, random.Random(seed), text=usual.texts[0], asks=usual.asks)
    checked(one)
    checked(two)
    text, question = one.problem.rsplit(". ", 1)
    assert two.problem.startswith(f"{text}. ")
    assert question.endswith(" are left?")
    assert one.lines[:3] == two.lines[:3]


@given(st.integers(0, 10**6))
def test_an_aside_takes_no_name_that_the_kind_has(usual: Kind, seed: int) -> None:
    text = " ".join(f"[{name}] {name}" for name in ("age", "miles", "people", "years", "minutes", "bowls"))
    words = {**grammar._words(random.Random(seed)), "third_name": "bowls"}
    taken = replace(usual, texts=(text,), asks=(Ask("How many?", ("cousins = age + bowls",)),))
    left = grammar._asides(taken, words)
    assert {name for aside in left for name in NUMBER.findall(aside)} == {"{c}"}
    assert len(grammar._asides(usual, {**words, "third_name": "forks"})) > len(left)


def test_articles_are_those_of_the_words(tmp_path: Path) -> None:
    text = "A apple and a one-way room A are [pens 2-9] to a user. A egg.\n? A hen? => more = pens + 1"
    articles = kind(text, tmp_path)
    (told,) = story("0", articles, random.Random(1), text=articles.texts[0], asks=articles.asks)
    told_text = re.sub(r"\d", "N", told.problem)
    assert "An apple and a one-way room A are N to a user. An egg." in told_text


def test_every_kind_has_its_turn() -> None:
    many = sum(len(read_kinds(path)) for path in FILES)
    told = list(stories(many, 7))
    programs = {re.sub(r"\d+", "0", each.problem) for each in told}
    assert len(programs) > 0.99 * many


def test_questions_of_one_operation_are_asked_as_seldom_as_told() -> None:
    def single(share: float) -> int:
        steps = [re.findall(r" [-+*/] ", each.code) for each in stories(600, 4, single=share)]
        return len([each for each in steps if len(each) == 1])

    none, half, every = single(0.0), single(0.5), single(1.0)
    assert none < half < every
    assert none < every / 2, "what is left is of kinds that have no other question"


def test_the_basic_kinds_are_told_as_often_as_told(usual: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(
        usual, texts=("Elsewhere [pens] pens lay.",), asks=(Ask("How many?", ("left = pens - 1",)),)
    )
    monkeypatch.setattr(grammar, "_kinds", lambda: ((usual, True), (other, False)))
    told = [each.problem for each in stories(40, 1, basics=3)]
    assert len([each for each in told if "Elsewhere" in each]) == 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[pens 1-2] and [gone 5-9].\n? Left? => left = pens - gone", "no numbers fit"),
        ("[left 5-9] and [gone 1-2].\n? Left? => left = left - gone", "names that can't"),
        ("[pens 5-9] and [gone 1-2].\n? Left? => class = pens - gone", "invalid syntax|names that can't"),
        ("[pens 5-9] and [gone 1-2].\n? Left? => t-shirts = pens - gone", "names that can't"),
        ("[pens 5-9] and [gone 1-2].\n? Left? => sum = pens - gone", "names that can't"),
        ("[pens 5-9] and [gone 1-2].\n? Left? => left = pen - gone", "no sum"),
    ],
)
def test_a_kind_that_makes_no_program_is_refused(text: str, message: str, tmp_path: Path) -> None:
    wrong = kind(text, tmp_path)
    with pytest.raises((ValueError, SyntaxError), match=message):
        story("0", wrong, random.Random(0), text=wrong.texts[0], asks=wrong.asks)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[pens] and more.\n? How many? -> left = pens",
            r"line 3: a question that is not '\? question => steps'",
        ),
        (
            "[pens] and more.\n\n? How many? => left = pens",
            "line 3: no text or no question: '.pens. and more.'",
        ),
        ("[Pens 1-2] and more.\n? How many? => left = pens", r"line 3: a number that is not \[name\]"),
        ("[pens 1 to 2] and more.\n? How many? => left = pens", r"line 3: a number that is not \[name\]"),
    ],
)
def test_a_file_that_is_not_as_it_should_be(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "kinds.txt"
    path.write_text(f"# Kinds.\n\n{text}\n")
    with pytest.raises(ValueError, match=message):
        read_kinds(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[{k1}_ax 1-2] axes.\n? How many? => left = {k1}_ax - 1",
            "numbers named by words that no text has: k1",
        ),
        ("[pens] pens, 8 of {A}'s.\n? How many? => left = pens - 8", "a number without a name"),
        ("[pens] pens, {k1}.\n? How many with 8 more? => left = pens + 8", "a number without a name"),
    ],
)
def test_a_kind_with_a_fault(tmp_path: Path, text: str, message: str) -> None:
    (fault,) = faults(kind(text, tmp_path))
    assert fault.startswith(message)


def test_the_samples_of_a_file_are_shown_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "kinds.txt"
    path.write_text(
        "{A} has [pens 2-9] pens.\n? How many are three times as many? => more = pens * 3\n? {Q}? => less = pens - 1\n"
    )
    broken = tmp_path / "broken.txt"
    broken.write_text("[a] [")
    command = [sys.executable, "-m", "mathagent.training.grammar", str(path)]
    command += [str(tmp_path / "nothing.txt"), str(broken)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "How many are three times as many?" in ended.stdout
    ask, nothing, unread = ended.stderr.splitlines()
    assert ask == f"{path}, line 1: 'Q' at '{{Q}}?'"
    assert nothing.startswith(f"can't read {tmp_path / 'nothing.txt'}: [Errno 2]")
    assert unread.startswith(f"can't read {broken}: line 1: a number that is not")
