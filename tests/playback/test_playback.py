"""A slice of the recorded runs, played through the solve path; `python -m tests.playback` plays all of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from mathagent.trace import Trace, read
from tests.playback.comparison import Comparison, compare
from tests.playback.play import play
from tests.playback.records import FILE, Record, load

pytestmark = pytest.mark.data

SLICE = 11  # every eleventh record: 60 of 660
SYNTAX_ERROR, NO_BOX = (
    147,
    660,
)  # a block that does not compile and has no output; a reply that ends without a box


@dataclass(frozen=True)
class Played:
    """What was played: by line, the record, its trace and how they compare."""

    records: dict[int, Record]
    traces: dict[int, Trace]
    compared: dict[int, Comparison]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    if not FILE.exists():
        pytest.skip(f"the recorded data is not there: {FILE}")
    chosen = [record for record in load() if record.line % SLICE == 0 or record.line == SYNTAX_ERROR]
    file = tmp_path_factory.mktemp("playback") / "traces.jsonl"
    compared = asyncio.run(play(chosen, isolation="none", traces=file))
    return Played(
        {record.line: record for record in chosen},
        {int(trace.problem.id): trace for trace in read(file)},
        {each.line: each for each in compared},
    )


def test_a_slice_is_as_recorded(played: Played) -> None:
    ordinary = [each for line, each in played.compared.items() if line not in (SYNTAX_ERROR, NO_BOX)]
    assert len(ordinary) == 59
    assert [each for each in ordinary if not (each.code and each.executed and each.whole)] == []
    assert [each for each in ordinary if each.output != "exact" or each.answer == "different"] == []
    assert {each.finish for each in ordinary} == {"answer"}


def test_the_grader_finds_right_what_was_recorded_as_right(played: Played) -> None:
    right = [line for line, record in played.records.items() if record.right]
    assert [line for line, each in played.compared.items() if each.verdict == "correct"] == right
    assert 0 < len(right) < len(played.records)


def test_every_trace_is_complete(played: Played) -> None:
    assert played.traces.keys() == played.records.keys()
    for trace in played.traces.values():
        assert trace.model.name == "tora-code-34b"
        assert trace.usage.executions == 1
        assert trace.usage.requests >= 2
        assert trace.grade is not None
        assert trace.sandbox is not None


def test_code_that_does_not_compile_is_executed_too(played: Played) -> None:
    compared = played.compared[SYNTAX_ERROR]
    assert compared.code
    assert compared.executed
    assert any("SyntaxError" in reason for reason in compared.reasons)


def test_a_reply_without_a_box_is_no_answer(played: Played) -> None:
    compared = played.compared[NO_BOX]
    assert compared.whole
    assert compared.finish == "no_answer"


def test_a_difference_is_seen(played: Played) -> None:
    """The comparison itself: a trace held against another record differs in everything."""
    lines = sorted(played.records)
    compared = compare(played.records[lines[0]], played.traces[lines[1]], "wrong")
    assert not compared.code
    assert not compared.whole
    assert compared.output == compared.answer == "different"
