"""Bad input and bad luck: one clear line on stderr, an exit code, no traceback.

`Program.call` raises whatever the program does not foresee, so that a traceback fails the test.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import PROBLEM, Served
from tests.cli.program import Ended, Program, scripted
from tests.replay.state import Fault

COT = scripted("Say it.", "It is \\boxed{1}.")
ASK = ("solve", "Say it.", "--mode", "cot")


def complaint(ended: Ended, code: int) -> str:
    """The one line that an error is."""
    assert (ended.code, ended.out) == (code, "")
    assert len(ended.err.splitlines()) == 1, ended.err
    assert ended.complaints
    return ended.err


def test_an_unknown_host(program: Program) -> None:
    ended = program.call(*ASK, "--base-url", "http://no.such.host.invalid/v1")
    assert "the host of http://no.such.host.invalid/v1 is unknown (is the server" in complaint(ended, 3)


def test_nobody_answers_yet(program: Program) -> None:
    """A server that may be starting is waited for, which is said at once; Ctrl-C ends the wait."""
    process = program.start(*ASK, "--base-url", "http://127.0.0.1:9/v1")
    assert process.stderr is not None
    said = process.stderr.readline().decode()
    assert said == "nobody answers at http://127.0.0.1:9/v1; trying for 30 s\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_a_wrong_key_a_wrong_model_a_wrong_path(served: Served) -> None:
    program, server = served(COT, key="secret", models=("one", "two"))
    assert "refuses the key (401): Unauthorized (check the key" in complaint(program.call(*ASK), 3)
    key = ("--api-key", "secret")
    assert "one, two" in complaint(program.call(*ASK, *key), 3)
    unknown = complaint(program.call(*ASK, *key, "--model", "three"), 3)
    assert "'three'" in unknown
    assert "one, two" in unknown
    wrong_path = program.call(*ASK, *key, "--base-url", f"{server.base_url}/elsewhere")
    assert "does not list its models (name one with --model)" in complaint(wrong_path, 3)
    assert program.call(*ASK, *key, "--model", "two").out == "1\n"
    by_environment = {"OPENAI_API_KEY": "secret", "OPENAI_BASE_URL": server.base_url}
    assert program.call(*ASK, "--model", "one", environment=by_environment).out == "1\n"


def test_a_prompt_that_is_too_long(served: Served) -> None:
    program, _ = served(COT, max_model_len=20)
    ended = program.call(*ASK)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("no answer: context_limit: This model's maximum context length is 20 tokens")
    assert program.stored()[0].finish.reason == "context_limit"


def test_a_server_that_fails_for_good(served: Served) -> None:
    """The reply so far is in the trace, the failure on stderr; hostile words of the server don't reach the terminal."""
    program, server = served(COT)
    server.fail_next(
        Fault("status", 400, body='{"error": {"message": "no\\n\\u001b[2J\\u009b2Jgood [bold]"}}')
    )
    ended = program.call(*ASK, "--json")
    assert ended.code == 3
    found = json.loads(ended.out)
    assert found["finish"]["reason"] == "model_error"
    first, second = ended.err.splitlines()
    assert first == f"error: {server.base_url} refuses the request (400): no good [bold]"
    assert second.startswith("no answer: model_error: ")
    assert [step.type for step in program.stored()[0].steps] == ["failure"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--file", "nowhere.txt"], "can't read nowhere.txt: [Errno 2] No such file"),
        (["--file", "."], "can't read .: [Errno 21] Is a directory"),
        (["--file", "latin1.txt"], "can't read latin1.txt: 'utf-8' codec can't decode"),
        (["What?", "--file", "latin1.txt"], "a problem and --file exclude each other"),
        ([" \n"], "the problem is empty"),
        (["-"], "standard input is not valid UTF-8 (at byte 1)"),
        (["caf\udce9"], "the problem is not valid UTF-8 (at character 3)"),
        (["What?", "--answer", "\udce9"], "--answer is not valid UTF-8"),
        (
            ["What?", "--prompt", "nope"],
            "no prompt and no file is called 'nope' (known prompts: ",
        ),
        (["What?", "--prompt", "latin1.txt"], "can't read the prompt file latin1.txt"),
        (["What?", "--protocol", "nope"], "unknown protocol 'nope' (known: markdown, internlm2, "),
    ],
)
def test_wrong_usage(served: Served, tmp_path: Path, arguments: list[str], says: str) -> None:
    program, server = served(COT)
    (tmp_path / "latin1.txt").write_bytes(b"a\xe9")
    ended = program.call("solve", "--mode", "cot", *arguments, stdin=b"a\xe9")
    assert says in complaint(ended, 2)
    assert server.seen == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--max-executions", "-1"], "--max-executions"),
        (["--time-limit", "nan"], "--time-limit"),
        (["--top-p", "2"], "--top-p"),
        (["--mode", "guess"], "'tir', 'cot'"),
        (["--display", "loud"], "--display"),
        (["--memory", "1"], "--memory"),
        (["--nonsense"], "No such option"),
        (["more"], "unexpected extra argument"),
    ],
)
def test_options_that_cannot_be(program: Program, arguments: list[str], says: str) -> None:
    ended = program.call("solve", "What?", *arguments, environment={"COLUMNS": "200"})
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(("trace", "says"), [("/dev/full", "No space left"), (".", "Is a directory")])
def test_a_trace_that_cannot_be_written_costs_no_answer(served: Served, trace: str, says: str) -> None:
    program, _ = served(COT)
    ended = program.call(*ASK, "--trace", trace)
    assert (ended.code, ended.out) == (3, "1\n")
    (line,) = ended.err.splitlines()
    assert line.startswith(f"error: can't write the trace to {trace}: {says}")
    as_json = program.call(*ASK, "--trace", trace, "--json")
    assert as_json.code == 3
    assert json.loads(as_json.out)["answer"] == "1"
    assert json.loads(as_json.out)["trace"] is None


def test_no_endpoint_and_no_embedded_model(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home without vLLM's CPU build and a state without a server: what to do is said."""
    monkeypatch.setenv("MATHAGENT_STATE", str(program.home / "state"))
    ended = Program(program.home).call(*ASK)
    assert "mathagent setup" in complaint(ended, 3)


def test_isolation_that_cannot_be_had(served: Served, without_namespaces: tuple[str, ...]) -> None:
    program, server = served()
    ended = program.run("solve", PROBLEM, "--isolation", "namespaces", under=without_namespaces)
    assert "namespaces" in complaint(ended, 3)
    assert server.seen == []
    doctor = program.run("doctor", "--json", under=without_namespaces)
    assert doctor.code == 3
    checks = json.loads(doctor.out)
    assert checks["isolation"]["status"] == "failed"
    assert "--isolation" in checks["isolation"]["mend"]
    assert checks["  user"]["status"] == "warning"


def test_a_reader_that_goes_away(served: Served) -> None:
    program, _ = served(scripted("Say it.", "word " * 20_000 + "\\boxed{1}"))
    process = program.start(*ASK, "--display", "plain")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    assert process.wait(timeout=20) == 3


def test_the_second_ctrl_c_ends_at_once(served: Served) -> None:
    """While a cell ignores the first one."""
    stubborn = "while True:\n    try:\n        while True: pass\n    except BaseException: pass\n"
    program, _ = served(scripted("Go.", f"```python\n{stubborn}```\n", "\\boxed{1}"))
    process = program.start("solve", "Go.", "--display", "plain")
    assert process.stdout is not None
    assert process.stdout.readline() == b"```python\n"
    for _ in range(2):
        os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in err
