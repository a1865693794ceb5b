"""`mathagent run` as a user runs it: a process, a model behind HTTP, real kernels."""

from __future__ import annotations

import json
import resource
import signal
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from math import exp
from pathlib import Path

import pytest

from mathagent.models import OpenAIServer
from mathagent.run.folder import read_rows
from tests.cli.program import Program, wait_until
from tests.replay.server import ReplayServer
from tests.replay.state import Fault, Settings
from tests.replay.tokens import logprob, tokenize
from tests.run.crash import crash
from tests.run.world import recordings, write_problems

pytestmark = pytest.mark.timeout(400)
PROBLEMS = 6


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    with ReplayServer(recordings(PROBLEMS), Settings(models=("replay",), tokens_per_chunk=4)) as server:
        yield server


@pytest.fixture
def program(tmp_path: Path) -> Program:
    write_problems(tmp_path / "six.jsonl", PROBLEMS)
    return Program(tmp_path)


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_run_and_the_same_command_again(program: Program, server: ReplayServer) -> None:
    command = ("run", "six.jsonl:3", "--base-url", server.base_url, "-o", "r", "-t", "1")
    ended = program.run(*command, "--json")
    assert ended.code == 0, ended.err
    summary = json.loads(ended.out)
    folder = program.home / "r"
    rows = read_rows(folder)
    assert len(rows) == 3 * PROBLEMS == lines(folder / "traces.jsonl")
    assert {row.key for row in rows} == {(f"p{n}", s) for n in range(PROBLEMS) for s in range(3)}
    right = sum(row.verdict == "correct" for row in rows)
    assert right == sum(row.predicted_answer == row.expected_answer for row in rows) < len(rows)
    assert all(row.code_rounds_executed == 3 and row.error is None for row in rows)
    assert len({row.seed for row in rows}) == 3 * PROBLEMS
    modes = {each["evaluation_mode"] for each in summary["overall"]["metrics"]}
    assert {"pass@1[avg-of-3]", "maj@3", "pass@3"} <= modes
    assert summary == json.loads((folder / "metrics.json").read_text())

    asked = len(server.seen)
    again = program.call(*command)
    assert again.code == 0
    assert len(server.seen) == asked  # nothing is done twice
    assert lines(folder / "results.jsonl") == 3 * PROBLEMS

    other = program.call("run", "six.jsonl:3", "--base-url", server.base_url, "-o", "r", "-t", "0.5")
    assert other.code == 2
    assert "r holds a run with other settings: sampling.temperature: 1.0 -> 0.5" in other.complaints[0]
    shown = program.call("status", "r")
    assert shown.out.startswith("finished: 18/18 · ")
    assert json.loads(program.call("status", "r", "--json").out)["done"] == 18


def test_equal_answers_keep_their_numbers(program: Program, server: ReplayServer) -> None:
    """Where a crash left a row out, and when all are graded again."""
    command = ("run", "six.jsonl:5", "--base-url", server.base_url, "-o", "r", "-t", "1", "-q")
    assert program.call(*command).code == 0
    results = program.home / "r" / "results.jsonl"
    numbers = {row.key: row.cluster for row in read_rows(program.home / "r")}
    assert set(numbers.values()) == {0, 1}
    asked, whole = len(server.seen), results.read_bytes()
    results.write_bytes(b"".join(whole.splitlines(keepends=True)[:-3]))
    assert program.call(*command).code == 0
    assert len(server.seen) == asked
    assert results.read_bytes() == whole
    assert program.call("grade", "r").code == 0
    assert {row.key: row.cluster for row in read_rows(program.home / "r")} == numbers


def test_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    """A few here; `python -m tests.run.crash` makes fifty over a longer run."""
    report = crash(tmp_path, problems=8, samples=2, kills=3, seed=1, token_seconds=0.004)
    assert report.kills == 3
    assert report.faults == []


def test_a_decided_vote_spares_samples(program: Program, server: ReplayServer) -> None:
    command = ("run", "six.jsonl:9", "--base-url", server.base_url, "-o", "r", "-t", "1", "-c", "2")
    ended = program.call(*command, "--stop", "decided", "--json")
    assert ended.code == 0, ended.err
    rows = read_rows(program.home / "r")
    drawn = [row for row in rows if row.stopped is None]
    assert len(drawn) < 9 * PROBLEMS
    assert all(row.stopped in (None, "vote") for row in rows)
    for problem in {row.id for row in rows}:
        answers = [row.predicted_answer for row in drawn if row.id == problem]
        leader = max(answers.count(answer) for answer in answers)
        assert leader > len(answers) - leader + (9 - len(answers))  # nobody could overtake it
    asked = len(server.seen)
    assert program.call(*command, "--stop", "decided").code == 0
    assert len(server.seen) == asked


def test_log_probabilities_of_what_the_model_wrote(program: Program, server: ReplayServer) -> None:
    command = (
        "run",
        "six.jsonl:3",
        "--base-url",
        server.base_url,
        "-o",
        "r",
        "-t",
        "1",
        "--logprobs",
        "--json",
    )
    ended = program.call(*command)
    assert ended.code == 0, ended.err
    drawn: dict[int, list[str]] = defaultdict(list)
    for each in server.seen:
        drawn[each.body["seed"]] += [*tokenize(each.script), ""][: each.completion_tokens]
    for row in read_rows(program.home / "r"):
        tokens = drawn[row.seed or 0]
        assert len(tokens) == row.num_generated_tokens
        assert row.mean_logprob == pytest.approx(sum(map(logprob, tokens)) / len(tokens), abs=1e-6)
    modes = [each["evaluation_mode"] for each in json.loads(ended.out)["overall"]["metrics"]]
    assert "maj@3[logprob]" in modes
    assert "maj@3[logprob]" in program.call("report", "r", "--by", "level").out
    other = program.call(*(each for each in command if each != "--logprobs"))
    assert other.code == 2
    assert "logprobs: true -> null" in other.complaints[0]


def test_votes_weigh_by_log_probability(program: Program, server: ReplayServer) -> None:
    command = ("run", "six.jsonl:9", "--base-url", server.base_url, "-o", "r", "-t", "1", "-c", "2")
    command = (*command, "--stop", "decided", "--vote-weight", "logprob", "-q")
    assert program.call(*command).code == 0
    rows = [row for row in read_rows(program.home / "r") if row.stopped is None]
    assert len(rows) < 9 * PROBLEMS
    for problem in {row.id for row in rows}:
        mine = [row for row in rows if row.id == problem]
        weights: Counter[str | None] = Counter()
        for row in mine:
            assert row.mean_logprob is not None
            weights[row.predicted_answer] += exp(row.mean_logprob)
        leader, runner_up = sorted([*weights.values(), 0.0], reverse=True)[:2]
        assert len(mine) == 9 or leader > runner_up + 9 - len(mine)  # nobody could overtake it
    asked = len(server.seen)
    assert program.call(*command).code == 0
    assert len(server.seen) == asked


def test_a_server_without_log_probabilities(program: Program) -> None:
    with ReplayServer(recordings(PROBLEMS), Settings(logprobs=False)) as server:
        command = ("run", "six.jsonl:2", "--base-url", server.base_url, "-q")
        ended = program.call(*command, "-o", "r", "--logprobs")
        assert ended.code == 0
        assert ended.err.count("the server gives no log-probabilities: mean_logprob stays empty") == 1
        assert {row.mean_logprob for row in read_rows(program.home / "r")} == {None}
        ended = program.call(*command, "-o", "w", "--stop", "decided", "--vote-weight", "logprob")
        assert ended.code == 3
        assert "the server gives no log-probabilities, by which votes should weigh" in ended.complaints[0]


def test_a_vote_that_was_settled_stays_settled(program: Program, server: ReplayServer) -> None:
    """Three equal answers settle it; one that was under way says something else; then all is killed."""
    command = (
        "run",
        "six.jsonl:9",
        "--base-url",
        server.base_url,
        "-o",
        "r",
        "-t",
        "1",
        "--limit",
        "1",
        "-q",
    )
    assert program.call(*command).code == 0
    folder = program.home / "r"
    right = {row.key: row.verdict == "correct" for row in read_rows(folder)}
    for name in ("results.jsonl", "traces.jsonl"):
        kept = (folder / name).read_text().splitlines(keepends=True)
        good = [line for line, key in zip(kept, right, strict=True) if right[key]]
        bad = [line for line, key in zip(kept, right, strict=True) if not right[key]]
        (folder / name).write_text("".join([*good[:3], *bad[:1]]))
        assert len(good) >= 3
        assert bad
    (folder / "steps.jsonl").unlink()
    settings = json.loads((folder / "settings.json").read_text())
    (folder / "settings.json").write_text(json.dumps(settings | {"stop": 0.9}))
    asked = len(server.seen)
    ended = program.call(*command, "--stop", "0.9", "--json")
    assert ended.code == 0, ended.err
    assert len(server.seen) == asked
    assert json.loads(ended.out)["saved"]["samples"] == 5


def test_ctrl_c_once_finishes_twice_stops(program: Program) -> None:
    settings = Settings(models=("replay",), tokens_per_chunk=4, token_seconds=0.02)
    with ReplayServer(recordings(PROBLEMS), settings) as server:
        command = ("run", "six.jsonl:4", "--base-url", server.base_url, "-o", "r", "-c", "2")
        folder = program.home / "r"
        process = program.start(*command)
        wait_until(lambda: lines(folder / "results.jsonl") >= 1, 90)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
        assert process.returncode == 130, complaint
        assert b"the same command goes on from here" in complaint
        first = lines(folder / "results.jsonl")
        assert 1 <= first < 4 * PROBLEMS
        keys = {(each.body["seed"], len(each.body["messages"][-1]["content"])) for each in server.seen}
        assert len(keys) == len(server.seen)  # what was under way was finished, nothing was torn

        process = program.start(*command)
        wait_until(lambda: lines(folder / "results.jsonl") > first, 90)
        process.send_signal(signal.SIGINT)
        wait_until(lambda: (folder / "progress.json").exists(), 90)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
        assert lines(folder / "results.jsonl") < 4 * PROBLEMS
        assert program.call("status", "r").out.startswith("stopped: ")
        assert program.call(*command, "-q").code == 0
        assert len({row.key for row in read_rows(folder)}) == 4 * PROBLEMS == lines(folder / "results.jsonl")


def test_one_server_of_two_dies(program: Program) -> None:
    settings = Settings(models=("replay",), tokens_per_chunk=4, token_seconds=0.01)
    second = ReplayServer(recordings(PROBLEMS), settings)
    with ReplayServer(recordings(PROBLEMS), settings) as first:
        with second:
            process = program.start(
                *("run", "six.jsonl:6", "-o", "r", "-c", "4"),
                *("--base-url", first.base_url, "--base-url", second.base_url),
            )
            wait_until(lambda: len(first.seen) > 3 and len(second.seen) > 3, 90)
        _, said = process.communicate(timeout=90)
        assert process.returncode == 0, said
        assert f"{second.base_url} is set aside".encode() in said
    rows = read_rows(program.home / "r")
    assert len(rows) == 6 * PROBLEMS
    assert all(row.error is None for row in rows)


def test_no_server_is_left(program: Program) -> None:
    settings = Settings(models=("replay",), tokens_per_chunk=4, token_seconds=0.01)
    command = ("run", "six.jsonl:4", "-o", "r", "-c", "4", "--patience", "1")
    with ReplayServer(recordings(PROBLEMS), settings) as server:
        process = program.start(*command, "--base-url", server.base_url)
        wait_until(lambda: lines(program.home / "r" / "results.jsonl") >= 2, 90)
    _, said = process.communicate(timeout=90)
    assert process.returncode == 3, said
    complaints = [line for line in said.decode().splitlines() if line.startswith("error: ")]
    assert complaints[-1].startswith("error: no server has answered for 1 s: http://127.0.0.1")
    with ReplayServer(recordings(PROBLEMS), settings) as server:
        ended = program.call(*command, "--base-url", server.base_url)
        assert ended.code == 0, ended.err
    rows = read_rows(program.home / "r")
    assert len({row.key for row in rows}) == len(rows) == 4 * PROBLEMS


def test_a_server_that_refuses_everything_ends_the_run(program: Program, server: ReplayServer) -> None:
    server.fail_next(*(Fault("status", 400, body='{"error": {"message": "no such thing"}}'),) * 40)
    ended = program.call("run", "six.jsonl:4", "--base-url", server.base_url, "-o", "r", "-c", "2")
    assert ended.code == 3
    assert "the server fails every request" in ended.complaints[0]
    assert "no such thing" in ended.complaints[0]


def test_a_server_that_answers_and_then_fails_is_given_up(
    program: Program, server: ReplayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mathagent.run.endpoints._PROBE", 0.05)
    monkeypatch.setattr("mathagent.run.open.OpenAIServer", partial(OpenAIServer, backoff=0.01))
    server.fail_next(*(Fault("cut", after=1),) * 500)
    ended = program.call("run", "six.jsonl", "--base-url", server.base_url, "-o", "r")
    assert ended.code == 3
    assert "the server fails every request" in ended.complaints[0]


def test_rows_that_can_not_be_read(program: Program, server: ReplayServer) -> None:
    data = program.home / "six.jsonl"
    data.write_text(data.read_text() + '{"id": "bad"}\n')
    ended = program.call("run", "six.jsonl", "--base-url", server.base_url, "-o", "r")
    assert ended.code == 1
    assert "six.jsonl: row 7: " in ended.err
    assert lines(program.home / "r" / "results.jsonl") == PROBLEMS


def test_a_disk_that_is_full(program: Program, server: ReplayServer) -> None:
    """A limit on the size of files stands in for it: the run stops with one line, and goes on when there is room."""
    command = ("run", "six.jsonl:8", "--base-url", server.base_url, "-o", "r")
    limited = ("sh", "-c", 'ulimit -f 64; exec "$0" "$@"')  # blocks of 512 or 1024 bytes
    process = program.start(*command, under=limited)
    _, said = process.communicate(timeout=90)
    assert process.returncode == 3, said
    complaints = [line for line in said.decode().splitlines() if line.startswith("error: ")]
    assert len(complaints) == 1
    assert "can't write" in complaints[0]
    assert "File too large" in complaints[0]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    ended = program.call(*command)
    assert ended.code == 0, ended.err
    rows = read_rows(program.home / "r")
    assert len({row.key for row in rows}) == len(rows) == 8 * PROBLEMS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("six.jsonl", "--stop", "decided"), "--stop needs several samples a problem"),
        (
            ("six.jsonl:4", "--stop", "2"),
            "--stop 2: 'decided', or a probability between 0.5 and 1, is needed",
        ),
        (("six.jsonl:4", "--vote-weight", "logprob"), "--vote-weight logprob is for --stop decided"),
        (
            ("six.jsonl:4", "--stop", "0.9", "--vote-weight", "logprob"),
            "--vote-weight logprob is for --stop decided",
        ),
        (("nowhere.jsonl",), "nowhere.jsonl"),
        (("six.jsonl", "-o", "six.jsonl"), "can't use the folder six.jsonl"),
        (("six.jsonl", "-o", "."), ". is not empty and holds no run"),
    ],
)
def test_wrong_usage(program: Program, server: ReplayServer, arguments: tuple[str, ...], said: str) -> None:
    ended = program.call("run", *arguments, "--base-url", server.base_url)
    assert ended.code in (2, 3)
    assert len(ended.complaints) == 1
    assert said in ended.complaints[0]
    assert "Traceback" not in ended.err
