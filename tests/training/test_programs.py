"""Worked solutions, equations and stories become programs that give their answers, in the sandbox too."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels_sandbox import KernelPool
from mathagent.training.annotated import Unconvertible, annotated_program
from mathagent.training.arithmetic import values
from mathagent.training.changed import changed_program
from mathagent.training.example import Program
from mathagent.training.grammar import stories
from mathagent.training.numbers import exact, same, written
from mathagent.training.prefix import prefix_program
from mathagent.training.verify import outputs
from tests.training.made import GSM8K, PREFIX


def result(program: Program) -> Fraction:
    return values(program.lines)[program.lines[-1].removeprefix("print(").removesuffix(")")]


def test_annotations_become_statements_with_names_of_the_sentence() -> None:
    baker, hats, club = (annotated_program("x", row["question"], row["answer"]) for row in GSM8K)
    assert baker.lines == (
        "rolls = 30",
        "noon_rolls = rolls / 2",
        "makes_rolls = rolls + noon_rolls",
        "print(makes_rolls)",
    )
    assert hats.lines == (
        "kim_dollars = 80",  # every number of the text, in its order
        "hats = 4",
        "hats_dollars = 9",
        "hats_cost = hats * hats_dollars",
        "left = kim_dollars - hats_cost",
        "print(left)",
    )
    assert hats.answer == "44"
    assert club.lines[2].endswith(" = people_grows * percent * 0.01")
    assert "<<" not in baker.solution
    assert [result(each) for each in (baker, hats, club)] == [45, 44, 300]


@pytest.mark.parametrize(
    ("solution", "reason"),
    [
        ("It is <<3+4=7>>7.", "no final answer"),
        ("It is 7.\n#### 7", "no calculations"),
        ("It is <<3*n=7>>7.\n#### 7", "an expression of more than numbers"),
        ("It is <<3+=7>>7.\n#### 7", "an expression that can't be read"),
        ("It is <<3+4=seven>>7.\n#### 7", "a result that is no number"),
        ("It is <<77+3=80>>80.\n#### 80", "a number that the problem does not give"),
        ("So <<5-2=3>>3, <<3+4=7>>7.\n#### 7", "an intermediate result that equals another number"),
        ("It is <<__import__('os')=7>>7.\n#### 7", "an expression of more than numbers"),
    ],
)
def test_what_is_no_chain_of_sums_says_why(solution: str, reason: str) -> None:
    with pytest.raises(Unconvertible, match=reason):
        annotated_program("x", "Al has 3 pens and 5 cups, Bo has 4.", solution)


def test_equations_become_statements_with_names_of_the_words() -> None:
    pens, boxes, rope = map(prefix_program, PREFIX)
    assert pens.problem == "Ira has 40 pens and 7 cups. She loses 15 pens. How many are left?"
    assert pens.lines == (
        "pens = 40",
        "cups = 7",  # not needed, and still there: every number of the text is
        "loses_pens = 15",
        "left = pens - loses_pens",
        "print(left)",
    )
    assert boxes.lines[3:5] == ("together = red + blue_pens", "pens = boxes * together")
    assert [result(each) for each in (pens, boxes, rope)] == [25, 27, 5]


@given(st.integers(0, 10**6), st.sampled_from(PREFIX))
def test_other_numbers_stay_whole_and_positive(seed: int, row: dict[str, str]) -> None:
    program = prefix_program(row, change=random.Random(seed))
    assert result(program) == exact(program.answer)
    assert all(each > 0 and each.denominator == 1 for each in values(program.lines).values())
    assert all(str(each) in program.problem for each in values(program.lines[:2]).values())
    assert program.original == prefix_program(row).problem


@given(st.integers(0, 10**6), st.sampled_from(GSM8K[:2]))
def test_other_numbers_stand_in_text_and_program_alike(seed: int, row: dict[str, str]) -> None:
    program = annotated_program("x", row["question"], row["answer"])
    changed = changed_program(
        Program("x", "made", program.problem, program.lines, program.answer), random.Random(seed)
    )
    assert result(changed) == exact(changed.answer)
    assert changed.original == program.problem
    assert all(each > 0 and each.denominator == 1 for each in values(changed.lines).values())
    assert [line.partition(" = ")[0] for line in changed.lines] == [
        line.partition(" = ")[0] for line in program.lines
    ]


def test_a_percentage_is_left_as_it_is() -> None:
    program = annotated_program("x", GSM8K[2]["question"], GSM8K[2]["answer"])
    for seed in range(10):
        try:
            changed = changed_program(program, random.Random(seed))
        except Unconvertible:
            continue
        assert "20%" in changed.problem
        assert "percent = 20" in changed.code


async def test_programs_print_their_answers_in_the_sandbox() -> None:
    programs = [annotated_program("x", row["question"], row["answer"]) for row in GSM8K]
    programs += [prefix_program(row) for row in PREFIX] + list(stories(48, 3))
    wrong = [
        Program("w", "made", "?", ("left = 1 / 0", "print(left)"), "1"),
        Program("w", "made", "?", ("a = b", "print(a)"), "1"),
        Program("w", "made", "?", ("raise SystemExit",), "1"),
    ]
    async with KernelPool(warm=0) as pool:
        found = [(printed, error) async for _, printed, error in outputs(pool, [*programs, *wrong])]
    for program, (printed, error) in zip(programs, found, strict=False):
        assert printed is not None, (program, error)
        assert same(printed, program.answer), (program, printed)
    assert [error for _, error in found[-3:]] == ["ZeroDivisionError", "NameError", "SystemExit"]


@given(st.fractions(max_denominator=1000))
def test_a_written_number_is_the_number(value: Fraction) -> None:
    try:
        text = written(value)
    except ValueError:
        assert value.denominator > 1
        return
    assert exact(text) == value


@pytest.mark.parametrize("line", ["a = 2 ** 9", "a = f(2)", "a = [1][0]", "a = b", "a = True"])
def test_only_sums_are_calculated(line: str) -> None:
    with pytest.raises(ValueError, match="no sum"):
        values([line])
