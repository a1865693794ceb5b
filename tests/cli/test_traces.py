"""`mathagent traces`: lists for a terminal, a pipe and a program; queries and flags; runs; what can't be listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mathagent.trace import append, read
from tests.cli.program import Program
from tests.collection.made import solved, write_run


def fill(program: Program) -> Path:
    """A run of three problems with two samples; b is wrong in the first, c has no answer."""
    traces = [
        solved("a", level="1", tokens=10),
        solved("b", answer="41", level="5", tokens=300),
        solved("c", level="5", kind="Number Theory", tokens=70),
        solved("a", 1, tokens=20),
    ]
    return write_run(program.home / "run", traces)


def named(out: str) -> list[str]:
    """PROBLEM:SAMPLE of each piped line."""
    return [":".join(line.split("\t")[1:3]) for line in out.splitlines()]


def test_a_line_for_each_trace_on_a_pipe(program: Program) -> None:
    fill(program)
    ended = program.call("traces", "run")
    assert (ended.code, ended.err) == (0, "4 of 4 traces\n")
    assert named(ended.out) == ["a:0", "b:0", "c:0", "a:1"]
    cells = ended.out.splitlines()[1].split("\t")
    assert cells[1:9] == ["b", "0", "wrong", "answer", "41", "42", "300", "1"]
    assert cells[10:] == ["5", "Algebra", "made", "m", "Problem b: what is 6 * 7?"]


def test_text_keeps_to_its_cell(program: Program) -> None:
    trace = solved("a\tb", answer="1\n2\x1b[31m\\")
    append(program.traces, trace)
    (line,) = program.call("traces").out.splitlines()
    assert line.split("\t")[1] == "a\\tb"
    assert line.split("\t")[5] == "1\\n2\\\\"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["wrong"], ["b:0"]),
        (["-wrong"], ["a:0", "c:0", "a:1"]),
        (["-problem:a", "level:5", "-wrong"], ["c:0"]),
        (["tokens>=20", "correct"], ["c:0", "a:1"]),
        (["--wrong"], ["b:0"]),
        (["--correct", "--level", "5"], ["c:0"]),
        (["--verdict", "wrong,correct"], ["a:0", "b:0", "c:0", "a:1"]),
        (["--tokens", "20..100"], ["c:0", "a:1"]),
        (["--tokens", ">=70"], ["b:0", "c:0"]),
        (["--tokens", "..10"], ["a:0"]),
        (["--rounds", "0"], []),
        (["--type", "number"], ["c:0"]),
        (["--problem", "b", "--dataset", "MAD", "--model", "m", "--finish", "answer"], ["b:0"]),
        (["--grep", r"problem [bc]:"], ["b:0", "c:0"]),
        (["--sort", "tokens", "-r"], ["b:0", "c:0", "a:1", "a:0"]),
        (["--sort", "tokens", "--last", "2"], ["c:0", "b:0"]),
        (["--limit", "1"], ["a:0"]),
        (["-n", "1"], ["a:1"]),
        (["--", "-wrong", "level:1"], ["a:0", "a:1"]),
    ],
)
def test_what_is_asked_for(program: Program, arguments: list[str], wanted: list[str]) -> None:
    fill(program)
    ended = program.call("traces", "run", *arguments)
    assert named(ended.out) == wanted
    assert ended.err == f"{len(wanted)} of 4 traces\n"


def test_without_a_source_the_default_file(program: Program) -> None:
    for problem in "ab":
        append(program.traces, solved(problem))
    assert named(program.call("traces").out) == ["a:0", "b:0"]
    assert named(program.call("traces", "problem:b", "what is").out) == ["b:0"]
    assert named(program.call("traces", r"/problem\sb/").out) == ["b:0"]


def test_json(program: Program) -> None:
    run = fill(program)
    first = json.loads(program.call("traces", "run", "--json").out.splitlines()[0])
    assert (first["problem"], first["verdict"], first["tokens"], first["reward"]) == (
        "a",
        "correct",
        10,
        None,
    )
    assert "unknown" not in first
    whole = program.call("traces", "run", "wrong", "--json", "--full").out
    (program.home / "wrong.jsonl").write_text(whole)
    (trace,) = read(program.home / "wrong.jsonl")
    assert trace == list(read(run / "traces.jsonl"))[1]


TERMINAL = {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "100"}


def test_a_table_in_a_terminal(program: Program) -> None:
    fill(program)
    lines = program.call("traces", "run", environment=TERMINAL).out.splitlines()
    assert lines[0].split() == ["trace", "level", "answer", "finish", "rounds", "tokens", "s", "problem"]
    assert lines[2].split()[:6] == ["b:0", "5", "✗", "41", "answer", "1"]
    assert len(lines) == 5
    assert max(map(len, lines)) <= 100
    for _ in range(2):
        append(program.traces, solved("", level="1"))
    unnamed = program.call("traces", environment=TERMINAL).out.splitlines()[1]
    assert unnamed.startswith(program.stored()[0].id)


def test_the_runs_in_a_folder(program: Program) -> None:
    runs = program.home / "runs"
    write_run(runs / "one", [solved("a"), solved("b", answer="41")])
    write_run(runs / "deep" / "two", [solved("a")], data={"name": "gsm8k", "problems": 3}, model="qwen")
    (runs / "deep" / "two" / "metrics.json").write_text("{}")
    (runs / "other").mkdir()
    ended = program.call("traces", "runs")
    assert (ended.code, ended.err) == (0, "2 runs\n")
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in ended.out.splitlines()}
    assert rows["one"][:5] == ["made", "m", "2", "2", "0.5"]
    assert rows["deep/two"][:5] == ["gsm8k", "qwen", "1", "3", "1.0"]
    assert (rows["one"][6], rows["deep/two"][6]) == ("stopped", "finished")
    assert rows["one"][5].startswith("20")
    table = program.call("traces", "runs", environment=TERMINAL).out
    assert "1/3  100.0%" in " ".join(table.split(" ")).replace("   ", "  ")
    (first, _) = program.call("traces", "runs", "--json").out.splitlines()
    assert json.loads(first)["total"] in (2, 3)
    (runs / "one" / "settings.json").write_text("[]")
    damaged = program.call("traces", "runs")
    assert damaged.err == "runs/one/settings.json: no settings\n1 run\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["runs/none"], 2, "there is no run and no file runs/none"),
        (["none.jsonl"], 2, "there is no run and no file none.jsonl"),
        (["run", "rounds>many"], 2, "'many' is no number"),
        (["run", "--tokens", "few"], 2, "'few' is no number"),
        (["run", "--tokens", ".."], 2, "'..' is no range"),
        (["run", "--verdict", "good"], 2, "--verdict good is none"),
        (["run", "--grep", "("], 2, "no regular expression"),
        (["run", "--sort", "beauty"], 2, "there is no such field"),
        (["run", "--full"], 2, "--full belongs to --json"),
        ([".", "wrong"], 2, "name the run"),
        (["empty"], 2, "there is no run in empty"),
        ([], 3, "there is no trace file"),
    ],
)
def test_what_cant_be_listed(program: Program, arguments: list[str], code: int, says: str) -> None:
    fill(program)
    (program.home / "empty").mkdir()
    ended = program.call("traces", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert len(ended.complaints) == 1
    assert says in ended.complaints[0]


@pytest.mark.parametrize("form", ["atif", "otel"])
def test_traces_are_exported(program: Program, form: str) -> None:
    fill(program)
    ended = program.call("export", "run", "-f", form, "-o", "out.jsonl")
    assert (ended.code, ended.out, ended.err) == (0, "", "4 traces in out.jsonl\n")
    lines = (program.home / "out.jsonl").read_text().splitlines()
    assert {"atif": "schema_version", "otel": "resourceSpans"}[form] in json.loads(lines[3])
    append(program.traces, solved("a"))
    assert program.call("export", "traces.jsonl", "-f", form, "-o", "one.json").code == 0
    missing = program.call("export", "none.jsonl", "-f", form, "-o", "x")
    assert (missing.code, len(missing.complaints)) == (3, 1)
    for arguments in ([], ["-o", "x", "--send", "http://127.0.0.1:1"]):
        assert program.call("export", "run", "-f", form, *arguments).code == 2
    assert program.call("export", "run", "-f", "nemo", "--send", "http://127.0.0.1:1").code == 2
