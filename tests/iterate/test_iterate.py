"""`mathagent iterate` as a user runs it: rounds, their ledgers and files, kills in every stage, other settings."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mathagent.run.state import runs_in
from tests.augment.world import MODEL, recordings, write_problems
from tests.cli.program import Program, wait_until
from tests.replay.server import ReplayServer
from tests.replay.state import Settings

pytestmark = pytest.mark.timeout(300)
COMMAND = ("iterate", "two.jsonl", "--ways", "rephrase,numbers", "--mode", "cot", "-t", "1", "-q")
"""Without code: that a run with code survives a kill is shown in tests/run, and every pool of kernels costs seconds."""
SAMPLES = ("--solve-samples", "2", "--verify", "outcome")
STAGES = (
    "round-1/augmented/asked/numbers",
    "round-1/augmented/solved",
    "round-1/solved",
    "round-1/verified",
    "round-2/augmented/solved",
)


def thinks(prompt: str) -> dict[str, float]:
    """A verifier that objects to every second try, as the solutions count them."""
    doubtful = "try 1" in prompt or "try 3" in prompt
    return {"Yes": 0.2, "No": 0.6} if doubtful else {"Yes": 0.72, "No": 0.08}


def thinks_slowly(prompt: str) -> dict[str, float]:
    """The same, in time for a kill."""
    time.sleep(0.2)
    return thinks(prompt)


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    settings = Settings(models=(MODEL,), tokens_per_chunk=8, token_seconds=0.004, fallback="I can't.")
    with ReplayServer(recordings(2), settings) as server:
        server.state.think = thinks
        yield server


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, server: ReplayServer) -> Program:
    home = tmp_path_factory.mktemp("iterate")
    write_problems(home / "two.jsonl", 2)
    return Program(home, server.base_url)


@pytest.fixture(scope="module")
def whole(program: Program) -> Path:
    """Two rounds, undisturbed."""
    ended = program.call(*COMMAND, *SAMPLES, "--rounds", "2", "-o", "whole")
    assert ended.code == 0, ended.err
    return program.home / "whole"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def stable(folder: Path) -> dict[str, Any]:
    """What decides anything, of all files of a folder: no times and no ids of traces."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("**/*.jsonl")):
        if path.name == "ledger.jsonl" or path.parent.name in ("augmented", "export"):
            records = lines(path)
            for record in records:
                for name in ("trace_id", "seconds", "asked_seconds", "solved_seconds"):
                    record.pop(name, None)
            found[str(path.relative_to(folder))] = records
    return found


def test_two_rounds(whole: Path) -> None:
    first, second = lines(whole / "ledger.jsonl")
    assert first == json.loads((whole / "round-1" / "summary.json").read_text())
    assert first["problems"] == {"sources": 2, "asked": 4, "kept": 4}
    assert (first["round"], first["model"]) == (1, MODEL)
    assert second["problems"]["sources"] == 2
    assert second["problems"]["kept"] == 2
    assert first["solutions"]["drawn"] == 12
    assert second["solutions"]["drawn"] == 4  # the same model has solved its sources already
    assert first["tokens"]["sources"] > 0 == second["tokens"]["sources"]
    assert first["exported"]["augment"] == 4


def test_every_stage_is_a_run(whole: Path) -> None:
    runs, notices = runs_in(whole)
    assert notices == []
    assert len(runs) == 9
    assert {"round-1/augmented/asked/numbers", "round-2/augmented/solved"} < {run.name for run in runs}
    assert all(run.state == "finished" for run in runs)


def test_the_lineage_of_an_example(whole: Path) -> None:
    written = lines(whole / "round-2" / "export" / "trl-sft.jsonl")
    ledger = {line["id"]: line for line in lines(whole / "round-2" / "ledger.jsonl")}
    assert {line["id"] for line in written} == {
        id for id, line in ledger.items() if line["outcome"] == "kept"
    }
    source = {line["id"]: line for line in lines(whole.parent / "two.jsonl")}
    earlier = {line["id"]: line for line in lines(whole / "round-1/augmented/problems.jsonl")}
    for example in written:
        line = ledger[example["id"]]
        assert line["made_of"] in earlier
        assert earlier[line["made_of"]]["root"] == line["root"] in source
        assert line["way"] == "rephrase"
        traces = whole / "round-2" / line["stage"] / "traces.jsonl"
        assert line["trace_id"] in {trace["id"] for trace in lines(traces)}


def test_solutions_with_code(program: Program) -> None:
    """The files of a round whose solutions run code."""
    command = ("iterate", "two.jsonl", "--ways", "rephrase", "--prompt", "tir", "-t", "1", "-q", "-n", "1")
    ended = program.call(*command, "--solve-samples", "2", "-o", "code", "--json")
    assert ended.code == 0, ended.err
    export = program.home / "code" / "round-1" / "export"
    written = {path.stem: lines(path) for path in export.glob("*.jsonl")}
    assert {name: len(found) for name, found in written.items()} == json.loads(ended.out)[0]["exported"]
    assert len(written["trl-sft"]) == len(written["chat"]) == len(written["text"]) > 0
    assert "```output\n" in written["trl-sft"][0]["messages"][-1]["content"]
    assert [each["role"] for each in written["chat"][0]["messages"]][-3:] == [
        "assistant",
        "tool",
        "assistant",
    ]
    assert [span["train"] for span in written["text"][0]["spans"]] == [True, False, True]
    (augmented,) = written["augment"]
    assert (augmented["id"], augmented["role"]) == ("s0/rephrase-0", "rephrase")
    assert augmented["messages"][0]["content"].startswith("Describe this problem in another way. ")


def test_a_verifier_may_object(program: Program, server: ReplayServer) -> None:
    command = (*COMMAND, "--solve-samples", "4", "-o", "judged", "-n", "1", "--verify", "outcome", "--json")
    ended = program.call(*command)
    assert ended.code == 0, ended.err
    (summary,) = json.loads(ended.out)
    folder = program.home / "judged" / "round-1"
    replies = {trace["id"]: trace for path in folder.glob("**/traces.jsonl") for trace in lines(path)}
    outcomes: dict[bool, set[str]] = {True: set(), False: set()}
    for line in lines(folder / "ledger.jsonl"):
        text = "".join(step["raw"] for step in replies[line["trace_id"]]["steps"])
        outcomes["try 1" in text or "try 3" in text].add(line["outcome"])
    assert outcomes[True] - {"duplicate"} == {"low reward"}  # a duplicate is not even judged
    assert outcomes[False] - {"duplicate"} == {"kept"}
    assert summary["solutions_dropped"]["low reward"] > 0
    assert summary["tokens"]["verified"] > 0
    verdicts = program.call("export", str(folder / "verified"), "-f", "sft", "-o", "verdicts.jsonl")
    assert verdicts.code == 0, verdicts.err
    assert {line["completion"] for line in lines(program.home / "verdicts.jsonl")} == {"Yes", "No"}
    asked = len(server.seen)
    assert program.call(*command).code == 0
    assert len(server.seen) == asked
    assert program.call(*COMMAND, "-o", "x", "--min-reward", "0.5").code == 2


def test_a_kill_in_every_stage_changes_nothing(program: Program, server: ReplayServer, whole: Path) -> None:
    command = (*COMMAND, *SAMPLES, "--rounds", "2", "-o", "killed", "-c", "2")
    folder = program.home / "killed"
    server.state.think = thinks_slowly
    for stage in STAGES:
        process = program.start(*command)
        log = folder / stage / "steps.jsonl"
        wait_until(lambda log=log: log.exists() and log.stat().st_size, 120)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        told = json.loads(program.call("status", "killed", "--json").out)
        assert (told["kind"], told["state"], told["stage"]) == ("iterate", "stopped", stage)
    server.state.think = thinks
    ended = program.call(*command)
    assert ended.code == 0, ended.err
    assert stable(folder) == stable(whole)
    assert program.call("status", "killed").out.startswith("finished: iterate\n  round-1/augmented/asked/")


def test_the_same_command_again_asks_for_nothing(program: Program, server: ReplayServer, whole: Path) -> None:
    before, asked = stable(whole), len(server.seen)
    ended = program.call(*COMMAND, *SAMPLES, "--rounds", "2", "-o", "whole", "--json")
    assert ended.code == 0, ended.err
    assert [round_["round"] for round_ in json.loads(ended.out)] == [1, 2]
    assert len(server.seen) == asked
    assert stable(whole) == before


def test_other_settings_are_refused(program: Program, whole: Path) -> None:
    ended = program.call(*COMMAND, *SAMPLES, "--solve-samples", "3", "--rounds", "2", "-o", "whole")
    assert ended.code == 2
    assert "whole holds a run with other settings: solve_samples: 2 -> 3" in ended.complaints[0]


def test_a_further_round_may_have_another_model(program: Program, whole: Path) -> None:
    """A round that has ended keeps its model; one that has begun goes on with its own only."""
    command = (*COMMAND, "--solve-samples", "1", "-o", "other", "--limit", "1")
    assert program.call(*command).code == 0
    other = Settings(models=("internlm2-better",), tokens_per_chunk=8, fallback="I can't.")
    with ReplayServer(recordings(2), other) as server:
        ended = program.call(*command, "--rounds", "2", "--base-url", server.base_url, "--json")
        assert ended.code == 0, ended.err
        assert [each["model"] for each in json.loads(ended.out)] == [MODEL, "internlm2-better"]
    (program.home / "other" / "round-2" / "summary.json").unlink()
    ended = program.call(*command, "--rounds", "2")
    assert ended.code == 2
    assert 'model: "internlm2-better" -> "internlm2-replay"' in ended.complaints[0]


def test_nothing_to_go_on_with(program: Program) -> None:
    ended = program.call(
        *("iterate", "two.jsonl", "--ways", "fractions", "--mode", "cot", "-q", "-o", "none"),
        *("--solve-samples", "1", "--rounds", "3", "--limit", "1", "--json"),
    )
    assert ended.code == 0, ended.err
    (only,) = json.loads(ended.out)
    assert (only["problems"]["kept"], only["problems_dropped"]) == (0, {"too short": 1})
    assert "round 1 made no new problem" in ended.err
