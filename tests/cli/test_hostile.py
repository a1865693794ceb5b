"""A model and a cell that write for the terminal, not for the reader: nothing of it may act on a terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time

import pytest

from tests.cli.conftest import Served
from tests.cli.program import SCRIPT, Program, scripted

# Sequences that neither rich nor the program itself ever writes, by what they would do.
ATTACKS = {
    "title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;b3duZWQ=\x1b\\",
    "link": "\x1b]8;;http://evil/\x1b\\x\x1b]8;;\x1b\\",
    "screen": "\x1b[?1049h",
    "clear": "\x1b[2J\x1b[3J",
    "report": "\x1b[6n",
    "reset": "\x1bc",
    "device": "\x1bP+q544e\x1b\\",
    "eight bits": "\x9b2J\x9d0;owned\x9c\x90q\x9c",
    "bell and nul": "\x07\x00\x08\x7f",
    "shift": "\x0e\x0f",
}
RAW = [
    "\x1b]", "\x1b[?1049h", "\x1b[2J", "\x1b[3J", "\x1b[6n", "\x1bc", "\x1bP", "\x1b\\", "\x07", "\x00", "\x08", "\x7f",
    "\x9b", "\x9d", "\x9c", "\x90", "\x0e", "\x0f",
]  # fmt: skip
WORDS = "".join(ATTACKS.values())
MARKUP = "[bold red]not bold[/bold red] [/] [link=http://evil]x[/link] \\[x] :smile:"
CODE = f"# {WORDS}\nprint({WORDS!a}, {MARKUP!r})\nprint('z' * 3_000)\nraise ValueError({WORDS!a})\n"
HOSTILE = scripted(
    "Attack.",
    f"Words {WORDS} {MARKUP}\n\n```python\n{CODE}```\n",
    f"{'y' * 50_000}\n\nThen {WORDS} $\\frac{{{WORDS}}}{{2}}$ so \\boxed{{{WORDS}7}}.",
)


def check(shown: str) -> None:
    for raw in RAW:
        assert raw not in shown, repr(raw)
    assert "[bold red]not bold[/bold red]" in shown


@pytest.mark.parametrize("display", ["plain", "rich"])
def test_in_a_pipe(served: Served, display: str) -> None:
    program, _ = served(HOSTILE)
    ended = program.call("solve", "Attack.", "--display", display)
    assert ended.code == 0
    assert len(ended.out) > 50_000
    check(ended.out)
    check(ended.err + MARKUP)
    assert program.stored()[0].answer == f"{WORDS}7"  # the trace keeps what was written
    shown = program.call("show")
    assert shown.code == 0
    check(shown.out)


def test_quiet_and_json(served: Served) -> None:
    program, _ = served(scripted("Attack.", f"\\boxed{{{WORDS}7}}"))
    ended = program.call("solve", "Attack.", "--mode", "cot", "--answer", WORDS)
    assert ended.out == "x7\n"
    as_json = program.call("solve", "Attack.", "--mode", "cot", "--json", "--answer", WORDS)
    for raw in RAW:
        assert raw not in ended.err + as_json.out + as_json.err


def test_on_a_terminal(served: Served) -> None:
    """The live display, byte for byte."""
    program, _ = served(HOSTILE, tokens_per_chunk=3)
    code, shown = on_terminal(program, "solve", "Attack.")
    assert code == 0
    check(shown)
    assert "\x1b[" in shown  # rich's own
    assert "answer" in shown
    _, again = on_terminal(program, "show")
    check(again)


def test_half_characters(served: Served) -> None:
    """JSON can carry a lone surrogate; nothing can print, store or send it back."""
    program, _ = served(scripted("Attack.", "Half \ud800 of it: \\boxed{7}."))
    ended = program.call("solve", "Attack.", "--mode", "cot", "--display", "plain")
    assert ended.code == 0
    assert "\\boxed{7}" in ended.out
    assert len(program.stored()) == 1


def on_terminal(program: Program, *arguments: str) -> tuple[int, str]:
    """Run on a pseudo-terminal of 80 by 24; the exit code and all that was written to it."""
    ours, theirs = pty.openpty()
    environment = {**program.environment, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(
        [SCRIPT, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    written, deadline = b"", time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 1.0)[0]:
                continue
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end was closed: the program has ended
                break
            if not piece:
                break
            written += piece
        return process.wait(timeout=20), written.decode()
    finally:
        process.kill()
        process.wait()
        os.close(ours)
