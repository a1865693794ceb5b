"""Opening collections: a run's folder, a trace file; names; verdicts of a later grading; damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from mathagent.collection import open_collection, parse_query
from mathagent.errors import TraceError, UsageError
from mathagent.run.rows import Row
from mathagent.trace import append
from tests.collection.made import solved, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two problems with two samples each; one sample is wrong."""
    return write_run(
        tmp_path / "run",
        [solved("a"), solved("b", answer="41"), solved("a", 1), solved("b", 1)],
    )


def test_the_entries_of_a_run(run: Path) -> None:
    collection = open_collection(run)
    assert [(each.problem, each.sample, each.verdict) for each in collection.entries] == [
        ("a", 0, "correct"),
        ("b", 0, "wrong"),
        ("a", 1, "correct"),
        ("b", 1, "correct"),
    ]
    assert collection.name == "run"
    for entry in collection.entries:
        trace = collection.trace(entry)
        assert (trace.id, trace.problem.id, trace.sample) == (entry.id, entry.problem, entry.sample)
    assert [each.sample for each in collection.problems()["b"]] == [0, 1]


def test_the_last_grading_has_the_say(run: Path) -> None:
    results = run / "results.jsonl"
    rows = [Row.model_validate_json(line) for line in results.read_text().splitlines()]
    rows[0] = rows[0].graded("wrong", "anew")
    results.write_text("".join(row.model_dump_json() + "\n" for row in rows))
    assert open_collection(run).entries[0].verdict == "wrong"


def test_select_searches_texts(run: Path) -> None:
    collection = open_collection(run)
    assert [each.place for each in collection.select(parse_query('wrong "problem b"'))] == [1]
    assert collection.select(parse_query("code:nowhere")) == []


def test_names(run: Path) -> None:
    collection = open_collection(run)
    wrong = collection.entries[1]
    assert collection.find("b:0") is wrong
    assert collection.find("b") is wrong  # its first sample
    assert collection.find(wrong.id) is wrong
    assert collection.find(wrong.id.rpartition("-")[2]) is wrong
    assert collection.find(None) is collection.entries[-1]
    with pytest.raises(TraceError, match="no trace called 'c'"):
        collection.find("c")
    with pytest.raises(TraceError, match="4 traces are called"):
        collection.find(wrong.id[:8])


def test_a_trace_file(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    for problem in "ab":
        append(file, solved(problem))
    with file.open("a") as torn:
        torn.write('{"schema_version": 1, "id": "2026')
    collection = open_collection(file)
    assert [each.verdict for each in collection.entries] == ["correct", "correct"]
    assert collection.trace(collection.entries[1]).problem.id == "b"


def test_a_file_that_changed_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    append(file, solved("a"))
    append(file, solved("b"))
    collection = open_collection(file)
    file.write_bytes(file.read_bytes()[10:])
    with pytest.raises(TraceError, match="has changed"):
        collection.trace(collection.entries[1])


def test_what_is_no_collection(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="there is no trace file"):
        open_collection(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="no folder of a run"):
        open_collection(tmp_path)
