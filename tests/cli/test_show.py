"""`mathagent show`: the last trace, a named one, one of a run, JSON, and files that are none."""

from __future__ import annotations

import json

from mathagent.run.rows import Row
from mathagent.trace import append
from tests.cli.program import Program
from tests.collection.made import solved, write_run
from tests.trace.conftest import make_trace

IDS = ("20260101-000000-aaa111", "20260101-000001-bbb222", "20260102-000000-ccc333")


def fill(program: Program) -> None:
    for number, each in enumerate(IDS):
        append(program.traces, make_trace(f"Problem {number}?").model_copy(update={"id": each}))


def test_the_last_one_step_by_step(program: Program) -> None:
    fill(program)
    ended = program.call("show", environment={"COLUMNS": "100"})
    assert (ended.code, ended.err) == (0, "")
    parts = (
        IDS[2], "Problem 2?", "m at http://127.0.0.1:1/v1", "temperature 0.5", "executions 8", "server 1.0",
        "prefilled by the prompt: '```python\\n'", "code 1", "6 * 7", "cut off after the block", "output 1 · 0.01 s",
        "12 prompt tokens (0 cached), 5 written in 0.25 s", "thinking", "I think", "Größe ∑ 中文: 42.",
        "the stream was cut (try again)", "answer", "5 tokens",
    )  # fmt: skip
    at = -1
    for part in parts:
        assert part in ended.out, part
        at = max(at, ended.out.index(part))
    assert ended.out.index("prefilled") < ended.out.index("code 1") < ended.out.index("output 1 ·")
    assert max(map(len, ended.out.splitlines())) <= 100
    assert "\x1b" not in ended.out


def test_one_by_the_start_or_end_of_its_name(program: Program) -> None:
    fill(program)
    assert "Problem 1?" in program.call("show", "bbb222").out
    assert "Problem 2?" in program.call("show", "20260102").out
    ambiguous = program.call("show", "202601")
    assert (ambiguous.code, ambiguous.out) == (3, "")
    assert ambiguous.err.startswith("error: 3 traces are called '202601' (for example 2026")
    unknown = program.call("show", "zzz")
    assert unknown.code == 3
    assert unknown.err.startswith("error: no trace called 'zzz' in ")


def test_json(program: Program) -> None:
    fill(program)
    stored = [json.loads(line) for line in program.traces.read_text().splitlines()]
    assert json.loads(program.call("show", "--json").out) == stored[2]


def test_files_that_are_none(program: Program) -> None:
    none = program.call("show")
    assert (none.code, none.out) == (3, "")
    assert none.err.startswith(f"error: there is no trace file {program.traces} (solve a problem first")
    assert "is no folder of a run" in program.call("show", "--trace", ".").err
    fill(program)
    with program.traces.open("a") as stream:
        stream.write('{"schema_version": 2, "id": "x"}\n')
    newer = program.call("show")
    assert newer.code == 3
    assert newer.err == (
        f"error: {program.traces}, line 4: schema 2 is not 1 (another version of mathagent wrote it)\n"
    )
    program.traces.write_text("rubbish\n")
    assert program.call("show").err.startswith(f"error: {program.traces}, line 1: not a trace")
    program.traces.write_bytes(b"\x00\xff\xfe")
    assert program.call("show").code == 3


def test_hostile_words_of_a_trace_do_not_reach_the_terminal(program: Program) -> None:
    hostile = "\x1b[2J\x1b]0;title\x07\x9b31m\x00[bold]x[/bold][/] \x1bPq\x1b\\"
    trace = make_trace(hostile, hostile)
    trace.finish.reason = hostile
    trace.id = f"[red]{hostile}"
    trace.versions["server"] = hostile
    append(program.traces, trace)
    for arguments in (["show"], ["traces"]):
        ended = program.call(*arguments, environment={"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "200"})
        assert ended.code == 0
        assert "[bold]x[/bold]" in ended.out
        for raw in ("\x1b[2J", "\x1b]", "\x07", "\x9b", "\x00", "\x1bP"):
            assert raw not in ended.out
    assert json.loads(program.call("show", "--json").out)["answer"] == hostile
    assert not set("\x1b\x9b\x07") & set(program.call("show", "--json").out)


def test_one_of_a_run_with_the_verdict_of_the_last_grading(program: Program) -> None:
    run = write_run(program.home / "run", [solved("a"), solved("b", answer="41"), solved("a", 1)])
    results = run / "results.jsonl"
    rows = [Row.model_validate_json(line) for line in results.read_text().splitlines()]
    rows[2] = rows[2].graded("wrong", "marked anew")
    results.write_text("".join(row.model_dump_json() + "\n" for row in rows))
    assert "✓ correct" in program.call("show", "a", "-f", "run").out
    shown = program.call("show", "a:1", "--trace", "run").out
    assert "✗ wrong  expected 42 · marked anew" in shown
    assert json.loads(program.call("show", "a:1", "-f", "run", "--json").out)["grade"]["verdict"] == "wrong"
    assert "Problem b" in program.call("show", "b:0", "-f", "run").out
    missing = program.call("show", "c", "-f", "run")
    assert missing.err == "error: no trace called 'c' in run (mathagent traces run lists them)\n"
