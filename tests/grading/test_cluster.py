"""Equal answers are one vote, in any order of asking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from mathagent.grading import EMPTY, Clusters, Grader, cluster

HALVES = ["1/2", "0.5", r"\frac{1}{2}", r"$\dfrac12$", r"x = \frac{2}{4}"]


@pytest.fixture
async def grader() -> AsyncIterator[Grader]:
    async with Grader() as open_grader:
        yield open_grader


async def test_spellings_of_one_number_are_one_cluster(grader: Grader) -> None:
    assert await cluster([*HALVES, "2"], grader) == [0, 0, 0, 0, 0, 1]


async def test_numbers_are_given_in_the_order_of_coming(grader: Grader) -> None:
    assert await cluster(["7", "3", "5", "3.0", "seven", "9"], grader) == [0, 1, 2, 1, 0, 3]


async def test_no_answer_has_no_number_and_an_empty_one_no_vote(grader: Grader) -> None:
    assert await cluster([None, "", " ", "4", None], grader) == [None, EMPTY, EMPTY, 0, None]
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
    assert await cluster(answers, grader, timeout=60) == [0, 0, 1, 2, 2, 3, 4, 5, 5]


async def test_a_chain_of_near_equal_answers_makes_no_cluster_of_unequal_ones(grader: Grader) -> None:
    """Each is compared with the first of a cluster, not with the last."""
    assert await cluster(["0.5", r"50\%", "50", "x=5", "5", "y=5"], grader, timeout=60) == [0, 0, 1, 2, 2, 3]


@pytest.mark.parametrize("stopped_after", range(8))
async def test_going_on_gives_the_same_numbers(grader: Grader, stopped_after: int) -> None:
    answers = ["2", "1/2", "", r"50\%", "0.5", "50", "x=2", "2.0"]
    whole = await cluster(answers, grader, timeout=60)
    clusters = Clusters(grader, timeout=60)
    for answer, number in list(zip(answers, whole, strict=True))[:stopped_after]:
        assert number is not None
        clusters.remember(answer, number)
    assert [await clusters.number(answer) for answer in answers[stopped_after:]] == whole[stopped_after:]


async def test_equal_answers_that_come_at_once_get_one_number(grader: Grader) -> None:
    clusters = Clusters(grader)
    found = await asyncio.gather(*(clusters.number(answer) for answer in ["7", *HALVES, "8", *HALVES]))
    assert found == [0, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1]


async def test_what_the_grader_cannot_decide_stays_apart(grader: Grader) -> None:
    endless = "x^{999}-x^{998}+x>3"
    assert await cluster([endless, "x>1", "9^9^9", "x > 1", endless], grader, 1.0) == [0, 1, 2, 1, 0]


async def test_nothing_is_compared_twice(grader: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    grade = Grader.grade

    async def counted(self: Grader, answer: str, gold: str, timeout: float = 5.0) -> object:
        asked.append((answer, gold))
        return await grade(self, answer, gold, timeout)

    monkeypatch.setattr(Grader, "grade", counted)
    clusters = Clusters(grader)
    for answer in ("1/2", "0.5", "3", "0.5", "3", " 3 "):
        await clusters.number(answer)
    assert len(asked) == len(set(asked))
    assert {"0.5", "3"} <= {one for one, _ in asked}
    assert not [pair for pair in asked if pair[0] == pair[1]]
