"""`mathagent import`: a trace file of other tools' records, bad rows named, nothing overwritten."""

from __future__ import annotations

import json

import pytest

from mathagent.trace import read
from tests.cli.program import Program
from tests.collection.made import solved
from tests.collection.test_imports import TORA, opened

BAD = [
    ('{"question": "?"', "not JSON"),
    ('{"question": "?"}', "no column for a reply"),
    ('{"steps": [{"role": "environment", "content": "1"}], "problem": "?"}', "before any code"),
    ('{"steps": [{"role": "tool", "content": 5}], "problem": "?"}', "has no text"),
    (
        '{"debug_result": [{"role": "user", "content": "?"}, {"role": "dance", "content": ""}]}',
        "'dance' is no role",
    ),
    ('{"debug_result": [{"content": null}]}', "an entry has no text"),
    ('{"state": {"history": []}}', "a message has no text"),
    ('{"generation": ["a", "b"], "pred": ["1"]}', "2 replies with 1 answers"),
    ('{"id": "1", "generation": "x", "verdict": "splendid"}', "verdict: Input should be"),
]


def test_bad_rows_are_named_and_stop_nothing(program: Program) -> None:
    file = program.home / "theirs.jsonl"
    file.write_text("".join(f"{line}\n" for line, _ in BAD) + json.dumps(TORA) + "\n")
    ended = program.call(
        "import", "theirs.jsonl", "-o", "ours.jsonl", "--model", "tora", "--dataset", "gsm8k"
    )
    assert (ended.code, ended.out) == (1, "")
    *named, count = ended.err.splitlines()
    assert len(named) == len(BAD)
    for number, (line, (_, says)) in enumerate(zip(named, BAD, strict=True), 1):
        assert line.startswith(f"theirs.jsonl: row {number}: ")
        assert says in line
    assert count == "1 traces in ours.jsonl, 9 rows left out"
    (trace,) = read(program.home / "ours.jsonl")
    assert (trace.model.name, trace.problem.source, trace.known("model.name")) == ("tora", "gsm8k", True)
    listed = program.call("traces", "theirs.jsonl")
    assert (listed.code, len(listed.out.splitlines())) == (0, 1)
    assert listed.err.splitlines()[-1] == "1 of 1 traces"
    shown = program.call("show", "-f", "ours.jsonl").out
    assert "from row 10 of theirs.jsonl, read as transcript" in shown
    assert "output 1 ─" in shown  # no seconds are made up
    assert "1 output\n" in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.jsonl", "-o", "new.jsonl"], "none.jsonl"),
        (["theirs.jsonl", "-o", "theirs.jsonl"], "is there already"),
        (["traces.jsonl", "-o", "new.jsonl"], "holds traces"),
        (
            ["bad.jsonl", "-o", "new.jsonl"],
            "no row can be read as a trace: row 1: no column for a reply; has: x",
        ),
    ],
)
def test_what_cant_be_imported(program: Program, arguments: list[str], says: str) -> None:
    opened(program.home, TORA)
    (program.home / "bad.jsonl").write_text('{"x": 1}\n')
    program.traces.write_text(solved("a").model_dump_json() + "\n")
    ended = program.call("import", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.complaints[0]
    assert not (program.home / "new.jsonl").exists()


def test_verdicts_for_those_without_one(program: Program) -> None:
    wrong = {**TORA, "idx": 4, "pred": ["41"]}
    recorded = {**TORA, "idx": 5, "score": [False]}  # whatever we think of it
    unknown = {**TORA, "idx": 6, "gt": None}
    opened(program.home, TORA, wrong, recorded, unknown)
    ended = program.call("import", "theirs.jsonl", "-o", "ours.jsonl", "--grade")
    assert (ended.code, ended.err) == (0, "2 answers graded\n4 traces in ours.jsonl\n")
    traces = list(read(program.home / "ours.jsonl"))
    assert [trace.grade and trace.grade.verdict for trace in traces] == ["correct", "wrong", "wrong", None]
    assert traces[0].grade is not None
    assert traces[0].grade.gold == "42"
