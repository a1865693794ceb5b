"""`mathagent browse` as a program: without a terminal, with what can't be read, and in a real terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.cli.program import SCRIPT, Program
from tests.cli.terminal import Terminal
from tests.collection.made import solved, write_run


def in_a_terminal(program: Program, *arguments: str) -> Terminal:
    environment = {**program.environment, "TERM": "tmux-256color", "LANG": "C.UTF-8"}
    return Terminal([str(SCRIPT), "browse", *arguments], environment, program.home)


def test_without_a_terminal(tmp_path: Path) -> None:
    ended = Program(tmp_path).call("browse")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: browse needs a terminal (mathagent traces lists them on a pipe, too)\n"


def test_what_cannot_be_read(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with in_a_terminal(program, "nowhere.jsonl") as terminal:
        said = terminal.wait_for("ended with exit code 2")
        assert "error: there is no run and no file nowhere.jsonl" in said
    run = write_run(tmp_path / "run", [solved("a")])
    with in_a_terminal(program, str(run), "tokens:5") as terminal:
        assert "error: tokens takes a comparison: tokens>5" in terminal.wait_for("ended with exit code 2")


def test_in_a_real_terminal(tmp_path: Path) -> None:
    program = Program(tmp_path)
    run = write_run(tmp_path / "run", [solved("a"), solved("b", answer="41")])
    with in_a_terminal(program, str(run), "wrong") as terminal:
        terminal.wait_for("1 of 2")
        terminal.wait_for("answer 41")
        terminal.press("/")
        terminal.wait_for("esc Back")
        terminal.press("C-u")
        terminal.wait_for("2 of 2")
        terminal.press("Enter")
        terminal.wait_for("j/k trace")
        terminal.press("k")
        terminal.wait_for("answer 42")
        terminal.press("q")
        terminal.wait_for("ended with exit code 0")


def test_textual_is_imported_by_the_browser_alone() -> None:
    code = "import sys, mathagent.cli.app; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
