"""Equal answers are one vote, in any order of asking."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest

from mathagent.grading import Clusterer, Grader, cluster

HALVES = ["1/2", "0.5", r"\frac{1}{2}", r"$\dfrac12$", r"x = \frac{2}{4}"]


@pytest.fixture
async def grader() -> AsyncIterator[Grader]:
    async with Grader() as open_grader:
        yield open_grader


async def test_spellings_of_one_number_are_one_cluster(grader: Grader) -> None:
    assert await cluster([*HALVES, "2"], grader) == [[0, 1, 2, 3, 4], [5]]


async def test_the_largest_comes_first_and_then_the_earliest(grader: Grader) -> None:
    answers = ["7", "3", "5", "3.0", "seven", "9"]
    assert await cluster(answers, grader) == [[0, 4], [1, 3], [2], [5]]


async def test_no_answer_is_no_vote(grader: Grader) -> None:
    assert await cluster([None, "", " ", "4", None], grader) == [[3]]
    assert await cluster([], grader) == []


async def test_algebra_counts(grader: Grader) -> None:
    answers = [
        "(x+1)^2",
        "x^2+2x+1",
        "x^2+1",
        r"\sqrt{8}",
        r"2\sqrt{2}",
        "(1,2)",
        "(2,1)",
        r"\{2,1\}",
        r"\{1,2\}",
    ]
    assert await cluster(answers, grader, timeout=60) == [[0, 1], [3, 4], [7, 8], [2], [5], [6]]


async def test_the_order_of_the_answers_does_not_matter(grader: Grader) -> None:
    answers = [
        *HALVES,
        "0.333333",
        r"\frac13",
        "0.3333333",
        "0.34",
        r"\sqrt{2}",
        "1.414214",
        "A",
        "(A)",
        "B",
        "50%",
    ]
    sought = None
    for seed in range(6):
        order = random.Random(seed).sample(range(len(answers)), len(answers))
        found = await cluster([answers[place] for place in order], grader, timeout=60)
        as_texts = {frozenset(answers[order[member]] for member in members) for members in found}
        sought = sought or as_texts
        assert as_texts == sought


async def test_what_the_grader_cannot_decide_stays_apart(grader: Grader) -> None:
    endless = "x^{999}-x^{998}+x>3"
    clusterer = Clusterer(grader, timeout=1.0)
    assert await clusterer.cluster([endless, "x>1", "9^9^9", "x > 1", endless]) == [[0, 4], [1, 3], [2]]


async def test_nothing_is_compared_twice(grader: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    grade = Grader.grade

    async def counted(self: Grader, answer: str, gold: str, timeout: float = 5.0) -> object:
        asked.append((answer, gold))
        return await grade(self, answer, gold, timeout)

    monkeypatch.setattr(Grader, "grade", counted)
    clusterer = Clusterer(grader)
    await clusterer.cluster(["1/2", "0.5", "3"])
    begun = len(asked)
    assert begun
    assert await clusterer.cluster(["1/2", "0.5", "3", "0.5", "3"]) == [[0, 1, 3], [2, 4]]
    assert len(asked) == begun
