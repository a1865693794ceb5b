"""`python -m kernels_sandbox`, as a person types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kernels_sandbox import probe
from kernels_sandbox.__main__ import main


def command(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    line = [sys.executable, "-m", "kernels_sandbox", *arguments]
    return subprocess.run(line, input=stdin, capture_output=True, text=True, timeout=110, check=False)


def test_run_a_file(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print('hello')\n6 * 7")
    done = command("run", str(script), "--min-level", probe().level)
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n42\n", "")


def test_run_says_what_went_wrong() -> None:
    done = command("run", "-", "--json", "--min-level", probe().level, stdin="1/0")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["name"] == "ZeroDivisionError"


MISTAKES = [
    ([], "COMMAND"),
    (["walk"], "invalid choice"),
    (["run"], "FILE"),
    (["run", "/no/such/file.py"], "No such file"),
    (["run", "/"], "directory"),
    (["run", __file__, "--timeout", "soon"], "invalid float"),
    (["run", __file__, "--timeout", "nan"], "must be a number"),
    (["run", __file__, "--memory-mb", "0"], "must be positive"),
    (["run", __file__, "--min-level", "high"], "invalid choice"),
    (["bench", "--rounds", "0"], "at least 1"),
    (["install", "--policy", "{"], "no JSON"),
    (["install", "--policy", "[1]"], "must be a JSON object"),
    (["install", "--policy", '{"speed": 1}'], "a policy has no speed"),
    (["install", "--policy", '{"memory_mb": "2 GB"}'], "must be a number"),
    (["install", "--policy", '{"preload": "sympy"}'], "must be names"),
    (["install", "--policy", '{"data": 5}'], "must be names and paths"),
    (["install", "--prefix", "/x", "--system"], "not allowed with"),
]


@pytest.mark.parametrize(("arguments", "said"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_is_one_line_and_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(arguments)
    except SystemExit as end:
        status = int(str(end.code))
    shown = capsys.readouterr()
    assert status == 2
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert shown.err.startswith("error: ")
    assert said in shown.err


def test_a_place_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["install", "--prefix", str(tmp_path / "file")]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error: can't install the kernelspec")
    assert len(shown.splitlines()) == 1


def test_every_check_holds() -> None:
    done = command("check", "--min-level", probe().level)
    assert done.returncode == 0, done.stdout
    assert f"isolation: {probe().level}" in done.stdout
    assert "every check holds" in done.stdout
