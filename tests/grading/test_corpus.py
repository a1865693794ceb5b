"""The whole corpus of labelled pairs, and the same pairs judged twice."""

from __future__ import annotations

import asyncio

import pytest

from mathagent.grading import Grade, Grader, audit
from tests.grading.corpus import read_corpus

pytestmark = pytest.mark.timeout(600)  # the fixture grades a thousand pairs

ROWS = read_corpus()
KINDS = sorted({row.kind for row in ROWS})


@pytest.fixture(scope="module")
def grades() -> list[Grade]:
    """All rows graded on two processes."""

    async def grade_all() -> list[Grade]:
        async with Grader(workers=2) as grader:
            return await grader.grade_many([(row.answer, row.gold) for row in ROWS], timeout=60)

    return asyncio.run(grade_all())


@pytest.mark.parametrize("kind", KINDS)
def test_every_pair_is_judged_as_labelled(grades: list[Grade], kind: str) -> None:
    wrong = [
        (row.gold, row.answer, grade.verdict, grade.detail)
        for row, grade in zip(ROWS, grades, strict=True)
        if row.kind == kind and grade.verdict != ("correct" if row.equal else "wrong")
    ]
    assert not wrong


def test_a_gold_is_its_own_answer() -> None:
    golds = sorted({row.gold for row in ROWS})

    async def grade_all() -> list[Grade]:
        async with Grader() as grader:
            boxed = await grader.grade_many(
                [(rf"So it is \boxed{{{gold}}}.", gold) for gold in golds], timeout=60
            )
            return [*await grader.grade_many([(gold, gold) for gold in golds]), *boxed]

    assert [grade for grade in asyncio.run(grade_all()) if grade.verdict != "correct"] == []


def test_the_corpus_is_large_varied_and_has_no_doubles() -> None:
    assert len(ROWS) >= 350
    assert sum(not row.equal for row in ROWS) >= 0.4 * len(ROWS)
    assert len({(row.gold, row.answer) for row in ROWS}) == len(ROWS)
    assert min(sum(row.kind == kind for row in ROWS) for kind in KINDS) >= 5


async def test_an_audit_says_where_two_graders_disagree() -> None:
    pairs = [("5", "5"), ("2, 3", "2,3"), (r"\frac{1}{2006!}", r"\frac{1}{2004!}"), ("9^9^9", "7")]
    async with Grader() as grader:
        audits = await audit(pairs, grader, timeout=60)
    assert [found.agree for found in audits] == [True, True, False, True]
    assert (audits[2].grade.verdict, audits[2].second.verdict) == ("wrong", "correct")
    assert audits[2].reason.startswith("wrong: ")
    assert "| correct: Math-Verify reads" in audits[2].reason
    assert audits[3].grade.verdict == audits[3].second.verdict == "undecided"
    assert all("\n" not in found.reason for found in audits)


async def test_the_second_opinion_is_math_verify_alone() -> None:
    async with Grader() as grader:
        assert (await grader.second_opinion("x+1", "1+x", timeout=60)).verdict == "correct"
        assert (await grader.second_opinion("答案是5", "5", timeout=60)).verdict == "wrong"
