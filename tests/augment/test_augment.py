"""`mathagent augment` as a user runs it: what is kept, why the rest is dropped, and the same command again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mathagent.data import load
from tests.augment.world import EXAM, MODEL, made, parts, recordings, write_problems
from tests.cli.program import Program
from tests.replay.server import ReplayServer
from tests.replay.state import Settings

WAYS = "rephrase,numbers,similar,harder,fractions,backward"


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    with ReplayServer(recordings(3), Settings(models=(MODEL,), tokens_per_chunk=8)) as server:
        yield server


@pytest.fixture
def program(tmp_path: Path, server: ReplayServer) -> Program:
    write_problems(tmp_path / "three.jsonl", 3)
    (tmp_path / "exam.jsonl").write_text(json.dumps({"id": "e1", "problem": EXAM}) + "\n")
    return Program(tmp_path, server.base_url)


def test_an_augmentation(program: Program, server: ReplayServer) -> None:
    command = (
        "augment",
        "three.jsonl",
        "-o",
        "a",
        "--ways",
        WAYS,
        "--against",
        "exam.jsonl",
        "--prompt",
        "tir",
    )
    ended = program.call(*command, "-t", "1", "--solve-samples", "3", "--json", "-q")
    assert ended.code == 0, ended.err
    summary = json.loads(ended.out)
    folder = program.home / "a"
    assert summary == json.loads((folder / "summary.json").read_text())
    assert summary["dropped"] == {"too short": 3, "near-duplicate": 2, "overlap": 1, "disagreement": 1}
    assert {way: counts["kept"] for way, counts in summary["ways"].items()} == {
        **{"rephrase": 3, "numbers": 3, "similar": 0, "harder": 2, "fractions": 0, "backward": 3}
    }
    ledger = {
        line["id"]: line for line in map(json.loads, (folder / "ledger.jsonl").read_text().splitlines())
    }
    assert len(ledger) == summary["asked"] == 18
    assert ledger["s0/similar-0"]["detail"].startswith("exam.jsonl e1, ")
    assert ledger["s1/similar-0"]["detail"] == "s1/numbers-0"
    one = ledger["s2/harder-0"]
    assert (one["source"], one["root"], one["way"], one["outcome"]) == ("s2", "s2", "harder", "kept")
    assert (one["prompt"], one["agreement"], one["samples"]) == ("internlm2-harder", 1.0, [0, 1, 2])
    traces = {
        json.loads(line)["id"] for line in (folder / "asked/harder/traces.jsonl").read_text().splitlines()
    }
    assert one["trace_id"] in traces
    assert summary["tokens"]["solved"] == sum(line["solved_tokens"] for line in ledger.values()) > 0

    problems = load(str(folder / "problems.jsonl"), online=False).problems
    assert len(problems) == summary["kept"] == 11
    answers = {problem.id: problem.gold for problem in problems}
    assert answers["s2/backward-0"] == str(parts(2)[0])
    assert answers["s2/rephrase-0"] == str(sum(parts(2)[:2]))
    assert all(
        problem.text.removeprefix("<problem>") in made(int(problem.id[1]))[problem.extra["way"]][0]
        for problem in problems
    )

    asked, before = len(server.seen), (folder / "ledger.jsonl").read_bytes()
    again = program.call(*command, "-t", "1", "--solve-samples", "3", "-q")
    assert again.code == 0, again.err
    assert "kept            11 of 18" in again.out
    assert len(server.seen) == asked
    assert (folder / "ledger.jsonl").read_bytes() == before

    other = program.call(*command, "-t", "1", "--solve-samples", "3", "--agree", "0.5")
    assert other.code == 2
    assert "a holds a run with other settings: agree: 0.75 -> 0.5" in other.complaints[0]


def test_problems_without_an_answer_are_not_asked_backward(program: Program) -> None:
    data = program.home / "open.jsonl"
    data.write_text('{"id": "u", "problem": "What is the least prime above 900?"}\n')
    ended = program.call("augment", "open.jsonl", "-o", "b", "--ways", "backward,statement", "--json", "-q")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["dropped"] == {"no answer known": 2}
    assert (program.home / "b" / "problems.jsonl").read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--ways", "sideways"), "--ways: unknown way 'sideways'"),
        (("--against", "nowhere.jsonl"), "nowhere.jsonl"),
        (("-o", "three.jsonl"), "can't use the folder three.jsonl"),
        (("-o", "."), ". is not empty and holds no run"),
    ],
)
def test_wrong_usage(program: Program, arguments: tuple[str, ...], said: str) -> None:
    ended = program.call("augment", "three.jsonl", *(() if "-o" in arguments else ("-o", "c")), *arguments)
    assert ended.code in (2, 3)
    assert len(ended.complaints) == 1
    assert said in ended.complaints[0]
