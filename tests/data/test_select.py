"""Which problems, and in what order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.data import Problem, read_ids, read_spec, shuffled
from mathagent.data.select import select
from mathagent.errors import UsageError
from tests.data.properties import steady

PROBLEMS = [Problem(id=str(number), text="?") for number in range(10)]


def ids(problems: list[Problem]) -> str:
    return " ".join(problem.id for problem in problems)


@pytest.mark.parametrize(
    ("spec", "name", "samples"),
    [
        ("gsm8k", "gsm8k", 1),
        ("gsm8k:4", "gsm8k", 4),
        ("./my set.jsonl:16", "./my set.jsonl", 16),
        ("a:b.csv", "a:b.csv", 1),
        ("owner/name:2", "owner/name", 2),
        ("x:1:2", "x:1", 2),
    ],
)
def test_a_spec(spec: str, name: str, samples: int) -> None:
    assert read_spec(spec) == (name, samples)


@pytest.mark.parametrize("spec", ["", "gsm8k:0", "  "])
def test_a_spec_that_asks_for_nothing(spec: str) -> None:
    with pytest.raises(UsageError, match="NAME:K is needed"):
        read_spec(spec)


def test_the_order_of_a_seed_is_the_same_everywhere() -> None:
    assert ids(shuffled(PROBLEMS, 0)) == "7 4 9 3 8 2 6 0 5 1"
    assert ids(shuffled(PROBLEMS, 1)) == "7 4 8 6 5 2 3 0 9 1"


@steady
@given(st.integers(), st.sets(st.integers(0, 9)))
def test_a_problem_left_out_moves_no_other(seed: int, left_out: set[int]) -> None:
    rest = [problem for problem in PROBLEMS if int(problem.id) not in left_out]
    whole = [problem for problem in shuffled(PROBLEMS, seed) if problem in rest]
    assert shuffled(reversed(rest), seed) == whole


def test_ids_then_the_shuffle_then_the_limit() -> None:
    assert ids(select(PROBLEMS, ids=["7", "2", "7", "5"])) == "7 2 5"
    assert ids(select(PROBLEMS, ids=["7", "2", "5"], limit=2)) == "7 2"
    assert ids(select(PROBLEMS, limit=3)) == "0 1 2"
    assert select(PROBLEMS, seed=3, limit=4) == shuffled(PROBLEMS, 3)[:4]
    assert select(PROBLEMS, ids=["7", "2", "5"], seed=3) == shuffled([PROBLEMS[i] for i in (7, 2, 5)], 3)
    assert select(PROBLEMS, limit=99) == PROBLEMS


def test_ids_that_are_not_there() -> None:
    with pytest.raises(UsageError, match="no problem has the id 'x' and 1 more") as caught:
        select(PROBLEMS, ids=["x", "1", "y"])
    assert caught.value.hint == "the first one's is '0'"
    with pytest.raises(UsageError, match="at least 1"):
        select(PROBLEMS, limit=0)


def test_ids_as_a_person_writes_them(tmp_path: Path) -> None:
    assert read_ids(" 7, test/algebra/1.json,7,") == ("7", "test/algebra/1.json")
    path = tmp_path / "ids.txt"
    path.write_text("a, b\n\nc\n")
    assert read_ids(f"@{path}") == ("a, b", "c")
    for text in (",", f"@{tmp_path / 'none'}"):
        with pytest.raises(UsageError, match="--ids"):
            read_ids(text)
