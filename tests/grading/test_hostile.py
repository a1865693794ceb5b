"""What a model may answer to hurt the grader: endless sums, towers, injected code. Each ends in time, none runs."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from mathagent.errors import GradingError
from mathagent.grading import Grader
from mathagent.grading.bounds import find_excess

ENDLESS = ("x^{999}-x^{998}+x>3", "x>1")  # within all bounds, beyond all patience


@pytest.fixture
async def grader() -> AsyncIterator[Grader]:
    async with Grader() as open_grader:
        yield open_grader


def children() -> list[psutil.Process]:
    mine = psutil.Process().children(recursive=True)
    return [child for child in mine if "mathagent.grading.worker" in " ".join(child.cmdline())]


TOO_MUCH = [
    "9^9^9",
    "9**9**9",
    "9^{9^{9}}",
    "(9^9)^{99999999}",
    "2^{100000000}",
    "99999999!",
    "(3!)!!",
    r"\binom{100000000}{50000000}",
    "1" * 5_000,
    "1" * 1_500,
    "(" * 500 + "1" + ")" * 500,
    "{" * 60 + "1" + "}" * 60,
    "1+" * 1_500 + "1",
    "\x00\x01",
    "\x1b[38;5;241m=\x1b[39m",
    "10e999999999",
]


@pytest.mark.parametrize("answer", TOO_MUCH)
async def test_too_much_is_never_wrong_and_never_slow(grader: Grader, answer: str) -> None:
    begun = time.monotonic()
    grade = await grader.grade(answer, "7", timeout=5)
    assert time.monotonic() - begun < 15
    assert grade.verdict in ("undecided", "wrong")
    if find_excess(answer):
        assert grade.verdict == "undecided"
        assert "too much to compare" in grade.detail
        assert not children()


@pytest.mark.parametrize(
    "text", ["2^{2024}", "1/2004!", "10^{100}", r"\frac{7^{50}}{3}", "x^{y^{z}}", "2^{2^3}", "3" * 900]
)
def test_usual_answers_are_within_the_bounds(text: str) -> None:
    assert find_excess(text) is None


LONG = [
    "#" * 100_000,
    "(" * 50_000,
    r"\boxed{" * 20_000,
    "1," * 50_000,
    "是" * 50_000,
    "$" * 99_999,
    r"\(" * 50_000 + "7",
    " " * 100_000,
    r"\begin{pmatrix}" * 130,
    r"\sqrt{" * 35 + "2" + "}" * 35,
    "x^" * 900 + "2",
    "=".join("x" * 900),
]


@pytest.mark.parametrize("answer", LONG, ids=range(len(LONG)))
async def test_long_and_odd_texts_end_in_time(grader: Grader, answer: str) -> None:
    grades = [await grader.grade(answer, "x^2+1", timeout=1), await grader.grade("x^2+1", answer, timeout=1)]
    assert all(grade.verdict in ("wrong", "undecided") and grade.detail for grade in grades)


async def test_a_whole_reply_is_searched_for_its_answer(grader: Grader) -> None:
    reply = "I think " * 20_000 + r"so the answer is \boxed{7}."
    assert (await grader.grade(reply, "7")).verdict == "correct"
    assert (await grader.grade(reply, "8")).verdict == "wrong"
    assert not children()


async def test_the_same_text_needs_no_comparison(grader: Grader) -> None:
    assert (await grader.grade("9^9^9", "9^9^9")).verdict == "correct"


INJECTED = [
    "__import__('os').system('touch {0}')",
    "(1).__class__.__base__.__subclasses__()[0]('touch {0}')",
    "exec(\"open('{0}','w').write('x')\")",
    "open('{0}','w')",
    "lambda: open('{0}','w')",
    r"\text{{__import__('os').system('touch {0}')}}",
    r"\operatorname{{eval}}(open('{0}','w'))",
    "x=__import__('pathlib').Path('{0}').touch()",
    "1;import os;os.system('touch {0}')",
    'f\'{{open("{0}","w")}}\'',
    "$(touch {0})",
    "`touch {0}`",
    r"\input{{|touch {0}}} \write18{{touch {0}}}",
    "answer: 7 and also 1+__import__('os').system('touch {0}')+1",
    "Symbol('x', __import__('os').system('touch {0}'))",
    "\\boxed{{__import__('os').system('touch {0}')}}",
]


@pytest.mark.parametrize("side", ["answer", "gold"])
async def test_injected_code_never_runs(grader: Grader, tmp_path: Path, side: str) -> None:
    canary = tmp_path / "c"
    for code in INJECTED:
        text = code.format(canary)
        pair = (text, "x+7") if side == "answer" else ("x+7", text)
        grade = await grader.grade(*pair, timeout=10)
        assert grade.verdict in ("wrong", "undecided"), text
        assert not canary.exists(), text


def test_the_process_itself_can_do_no_harm(tmp_path: Path) -> None:
    """The second fence: even code that does run in the grading process writes no file and starts no program."""
    harm = f"""
import os, socket, subprocess, sys
from mathagent.grading import worker
worker._give_up_powers()
deeds = [
    lambda: open({str(tmp_path / "a")!r}, "w"),
    lambda: os.open({str(tmp_path / "b")!r}, os.O_CREAT | os.O_WRONLY),
    lambda: os.system("true"),
    lambda: subprocess.run(["true"]),
    lambda: os.fork(),
    lambda: os.kill(os.getppid(), 0),
    lambda: socket.socket(),
    lambda: os.remove({str(tmp_path / "keep")!r}),
    lambda: os.execv("/bin/true", ["true"]),
]
for number, deed in enumerate(deeds):
    try:
        deed()
    except PermissionError:
        continue
    sys.exit(number + 1)
open({str(tmp_path / "keep")!r}).close()
"""
    (tmp_path / "keep").write_text("x")
    done = subprocess.run([sys.executable, "-c", harm], check=False)
    assert done.returncode == 0, f"deed {done.returncode} was allowed"
    assert [path.name for path in tmp_path.iterdir()] == ["keep"]


async def test_the_deadline_holds_and_the_next_answer_is_graded(grader: Grader) -> None:
    assert (await grader.grade("x+1", "1+x", timeout=20)).verdict == "correct"
    (first,) = children()
    begun = time.monotonic()
    grade = await grader.grade(*ENDLESS, timeout=0.5)
    assert time.monotonic() - begun < 10
    assert (grade.verdict, grade.detail) == ("undecided", "not decided within 0.5 s")
    assert 0.4 < grade.seconds < 10
    assert not first.is_running()
    assert (await grader.grade("x+1", "1+x", timeout=20)).verdict == "correct"
    assert children() != [first]


async def test_a_killed_process_is_undecided_and_replaced(grader: Grader) -> None:
    await grader.grade("x+1", "1+x", timeout=20)
    (process,) = children()
    job = asyncio.create_task(grader.grade(*ENDLESS, timeout=30))
    await asyncio.sleep(0.3)
    process.kill()
    grade = await job
    assert grade.verdict == "undecided"
    assert f"died (exit status {-signal.SIGKILL})" in grade.detail
    assert (await grader.grade("x+1", "1+x", timeout=20)).verdict == "correct"
    (process,) = children()
    process.kill()  # while it is idle: nobody needs to notice
    process.wait(5)
    assert (await grader.grade("x+1", "1+x", timeout=20)).verdict == "correct"


async def test_a_cancelled_grading_leaves_a_working_grader(grader: Grader) -> None:
    await grader.grade("x+1", "1+x", timeout=20)
    job = asyncio.create_task(grader.grade(*ENDLESS, timeout=30))
    await asyncio.sleep(0.3)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert not children()
    assert (await grader.grade("x+1", "1+x", timeout=20)).verdict == "correct"


async def test_several_workers_do_not_wait_for_each_other() -> None:
    async with Grader(workers=2) as grader:
        await asyncio.gather(*(grader.grade(f"x+{n}", f"{n}+x", timeout=20) for n in range(2)))
        assert len(children()) == 2
        slow = asyncio.create_task(grader.grade(*ENDLESS, timeout=5))
        await asyncio.sleep(0.1)
        grades = [await grader.grade(f"y+{n}", f"{n}+y", timeout=20) for n in range(3)]
        assert not slow.done()
        assert [grade.verdict for grade in grades] == ["correct"] * 3
        assert (await slow).verdict == "undecided"
    assert not children()


async def test_plain_answers_start_no_process(grader: Grader) -> None:
    for answer, gold in (("72", "72.0"), ("(1, 2)", "(1,2)"), ("Monday", "Tuesday"), ("B", "(B)")):
        assert (await grader.grade(answer, gold)).verdict != "undecided"
    assert not children()


def test_no_process_outlives_a_killed_parent() -> None:
    code = f"""
import asyncio
from mathagent.grading import Grader
async def main():
    async with Grader() as grader:
        await grader.grade("x+1", "1+x", timeout=30)
        print("ready", flush=True)
        await grader.grade(*{ENDLESS!r}, timeout=60)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        time.sleep(0.3)
        (worker,) = psutil.Process(parent.pid).children(recursive=True)
        parent.kill()
    gone, alive = psutil.wait_procs([worker], timeout=5)
    assert gone
    assert not alive


async def test_nothing_of_the_environment_is_handed_on(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    await grader.grade("x+1", "1+x", timeout=20)
    (process,) = children()
    assert "OPENAI_API_KEY" not in process.environ()
    assert process.cwd() == "/"


async def test_a_process_that_cannot_start_is_an_error_not_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    async with Grader() as grader:
        for _ in range(2):
            with pytest.raises(GradingError, match="ended while starting"):
                await grader.grade("x+1", "1+x")


def test_noise_on_standard_output_is_no_verdict() -> None:
    """The worker's protocol survives libraries that print."""
    jobs = "".join(
        json.dumps({"answer": "x+1", "gold": gold, "timeout": 20}) + "\n" for gold in ("1+x", "2+x")
    )
    done = subprocess.run(
        [sys.executable, "-m", "mathagent.grading.worker"],
        input=jobs,
        capture_output=True,
        text=True,
        check=True,
    )
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert [reply.get("equal") for reply in replies if "taken" not in reply] == [None, True, False]
