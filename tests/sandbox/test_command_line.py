"""`python -m kernels_sandbox`, as a person types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kernels_sandbox import probe


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


def test_a_file_that_is_not_there_is_one_line() -> None:
    done = command("run", "/no/such/file.py")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_every_check_holds() -> None:
    done = command("check", "--min-level", probe().level)
    assert done.returncode == 0, done.stdout
    assert f"isolation: {probe().level}" in done.stdout
    assert "every check holds" in done.stdout
