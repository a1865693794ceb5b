"""`mathagent solve` as a process, with a model behind HTTP and real kernels."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import psutil
import pytest

from mathagent.trace import append
from mathagent.trace.schema import CodeStep, OutputStep
from tests.cli.conftest import CODE, PROBLEM, Served
from tests.cli.program import scripted, wait_until
from tests.trace.conftest import make_trace

SLEEP = scripted("Sleep.", "```python\nprint('asleep')\nimport time; time.sleep(300)\n```\n", "\\boxed{1}")
COT = scripted("Say it.", "It is $\\boxed{\\frac{1}{2}}$.")


def test_an_answer_by_code(served: Served) -> None:
    """Piped: the answer alone on stdout, nothing on stderr, a trace."""
    program, server = served()
    ended = program.run("solve", PROBLEM)
    assert (ended.code, ended.out, ended.err) == (0, "42\n", "")
    (trace,) = program.stored()
    assert [step.code for step in trace.steps if isinstance(step, CodeStep)] == ["x = 6 * 7\nprint(x)\n"]
    assert [step.shown for step in trace.steps if isinstance(step, OutputStep)] == ["42"]
    assert trace.reply == f"{CODE}```output\n42\n```\nSo it is $\\boxed{{42}}$."
    assert trace.finish.reason == "answer"
    assert trace.model.name == "replay"
    assert trace.versions["vllm"] == "replay"
    assert all(seen.exact for seen in server.seen)


@pytest.mark.parametrize("way", ["file", "stdin", "dash", "file dash"])
def test_the_problem_comes_from(served: Served, tmp_path: Path, way: str) -> None:
    program, _ = served(COT)
    (tmp_path / "problem.txt").write_text("\nSay it.\n")
    arguments = {"file": ["--file", "problem.txt"], "stdin": [], "dash": ["-"], "file dash": ["-f", "-"]}[way]
    ended = program.call("solve", "--mode", "cot", *arguments, stdin="" if way == "file" else " Say it. \n")
    assert (ended.code, ended.out) == (0, "\\frac{1}{2}\n")
    assert program.stored()[0].problem.text == "Say it."


def test_plain_display(served: Served) -> None:
    program, _ = served()
    ended = program.call("solve", PROBLEM, "--display", "plain", "--answer", "42.0")
    reply = f"{CODE}```output\n42\n```\nSo it is $\\boxed{{42}}$."
    assert ended.code == 0
    assert ended.out.startswith(f"{reply}\nanswer: 42\n✓ correct  expected 42.0 · answer 42, known 42\n")
    assert "1 execution" in ended.out.splitlines()[-1]
    (trace,) = program.stored()
    assert ended.err == f"trace {trace.id} in {program.traces} (mathagent show {trace.id})\n"


def test_rich_display_without_a_terminal(served: Served) -> None:
    program, _ = served()
    ended = program.call("solve", PROBLEM, "--display", "rich", environment={"COLUMNS": "60"})
    assert ended.code == 0
    for part in ("I multiply.", "code 1", "x = 6 * 7", "output 1 ·", "So it is 42.", "answer", "┃ 42"):
        assert part in ended.out
    assert "\x1b" not in ended.out + ended.err
    assert max(map(len, ended.out.splitlines())) <= 60


def test_colours_and_no_color(served: Served) -> None:
    """With colours forced on, NO_COLOR takes the colours out."""
    program, _ = served(COT)
    command = ("solve", "Say it.", "--mode", "cot", "--display", "rich", "--no-trace")
    forced = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    coloured = program.call(*command, environment=forced)
    assert "\x1b[1;32m" in coloured.out
    plain = program.call(*command, environment={**forced, "NO_COLOR": "1"})
    colours = ["\x1b[3", "\x1b[1;3", "\x1b[2;3", "\x1b[9"]
    assert not any(colour in plain.out for colour in [f"{start}{n}m" for start in colours for n in range(8)])


def test_json_is_one_object(served: Served) -> None:
    program, server = served()
    ended = program.run("solve", PROBLEM, "--json", "--answer", "43", "--seed", "7", "--temperature", "0.5")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert ended.out.count("\n") == 1
    assert found.keys() == {
        "id", "problem", "answer", "finish", "grade", "reply", "model", "prompt", "protocol", "mode", "usage",
        "seconds", "sandbox", "trace",
    }  # fmt: skip
    (trace,) = program.stored()
    assert found["id"] == trace.id
    assert found["answer"] == "42"
    assert found["reply"] == trace.reply
    assert found["finish"] == {"reason": "answer", "detail": "the model ended its reply"}
    assert found["grade"]["verdict"] == "wrong"
    assert found["grade"]["detail"]
    assert found["usage"]["executions"] == 1
    assert found["trace"] == str(program.traces)
    assert {"seed": 7, "temperature": 0.5}.items() <= server.seen[0].body.items()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("0.5", "correct: expected 0.5"),
        ("2", "wrong: expected 2"),
        ("9^{9^{9^{9}}}", "undecided: expected 9^"),
    ],
)
def test_answer_is_graded(served: Served, answer: str, says: str) -> None:
    program, _ = served(COT)
    ended = program.call("solve", "Say it.", "--mode", "cot", "--answer", answer)
    assert (ended.code, ended.out) == (0, "\\frac{1}{2}\n")
    assert ended.err.startswith(says)
    assert len(ended.err) > len(says) + 5 or "correct" in says  # the reason
    grade = program.stored()[0].grade
    assert grade is not None
    assert grade.verdict == says.split(":")[0]


def test_no_answer_is_exit_code_1(served: Served) -> None:
    program, _ = served(scripted("Hm.", "I don't know."))
    ended = program.call("solve", "Hm.", "--mode", "cot", "--answer", "1")
    assert (ended.code, ended.out) == (1, "")
    assert "no answer: no_answer: the model ended its reply" in ended.err
    assert "wrong: expected 1 there is no answer" in ended.err
    as_json = program.call("solve", "Hm.", "--mode", "cot", "--json")
    assert as_json.code == 1
    assert json.loads(as_json.out)["answer"] is None
    assert [trace.finish.reason for trace in program.stored()] == ["no_answer", "no_answer"]


def test_no_trace_and_trace(served: Served, tmp_path: Path) -> None:
    program, _ = served(COT)
    program.call("solve", "Say it.", "--mode", "cot", "--no-trace")
    assert not program.traces.exists()
    ended = program.call("solve", "Say it.", "--mode", "cot", "--trace", "sub/my.jsonl", "--json")
    assert json.loads(ended.out)["trace"] == "sub/my.jsonl"
    assert (tmp_path / "sub" / "my.jsonl").read_text().count("\n") == 1
    assert not program.traces.exists()


def test_ctrl_c_while_the_model_writes(served: Served) -> None:
    program, server = served(scripted("Go.", "word " * 3000), token_seconds=0.02)
    process = program.start("solve", "Go.", "--mode", "cot")
    wait_until(lambda: server.seen and server.seen[0].completion_tokens > 5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == b""
    assert err.decode() == "no answer: cancelled: stopped while the model was writing\n"
    (trace,) = program.stored()
    assert trace.finish.reason == "cancelled"
    assert trace.reply.startswith("word word ")
    wait_until(lambda: server.seen[0].aborted)


def test_ctrl_c_while_a_cell_runs(served: Served) -> None:
    program, _ = served(SLEEP)
    process = program.start("solve", "Sleep.", "--display", "plain")
    assert process.stdout is not None
    assert (
        process.stdout.readline() == b"```python\n"
    )  # the block is written when it is complete, and then runs
    wait_until(lambda: _kernels_run(process.pid))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "\ncancelled: stopped while a cell was running\n" in out.decode()
    assert "Traceback" not in err.decode()
    (trace,) = program.stored()
    (output,) = [step for step in trace.steps if isinstance(step, OutputStep)]
    assert output.result["status"] == "interrupted"
    assert trace.finish.reason == "cancelled"


def test_kill_9_leaves_no_process_and_a_readable_file(served: Served) -> None:
    program, _ = served(SLEEP)
    append(program.traces, make_trace())
    process = program.start("solve", "Sleep.", "--display", "plain")
    assert process.stdout is not None
    assert process.stdout.readline() == b"```python\n"
    wait_until(lambda: _kernels_run(process.pid))
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    gone, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    assert len(gone) == len(family)
    assert len(program.stored()) == 1
    append(program.traces, make_trace())
    assert len(program.stored()) == 2


def _kernels_run(pid: int) -> bool:
    """Whether a solve's kernels have been started: it has processes below its children."""
    try:
        children = psutil.Process(pid).children()
        return any(child.children() for child in children)
    except psutil.NoSuchProcess:
        return False
