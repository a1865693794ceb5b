"""`mathagent chat` in a real terminal, and in a pipe."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from mathagent.trace.schema import OutputStep
from tests.cli.conftest import Served
from tests.cli.program import SCRIPT, Program, scripted, wait_until
from tests.cli.terminal import Terminal
from tests.replay.server import ReplayServer

SCRIPT_OF_THE_MODEL = (
    scripted("What is 6 * 7?", "```python\nx = 6 * 7\nprint(x)\n```\n", "It is $\\boxed{42}$."),
    scripted("Add one.", "```python\ny = x + 1\nprint('y is', y)\n```\n", "Now \\boxed{43}."),
    scripted("Never end.", "```python\nz = 5\nprint('in the loop')\nwhile True: pass\n```\n", "\\boxed{0}"),
    scripted("Is it all there?", "```python\nprint('have', x, y, z)\n```\n", "Yes, \\boxed{1}."),
    scripted("What is left?", "```python\nprint('left', x, y, 'z' in globals())\n```\n", "\\boxed{2}"),
    scripted("Anything?", "```python\nprint('x' in globals())\n```\n", "\\boxed{3}"),
    scripted("Talk.", "word " * 5000),
)


@pytest.fixture
def chat(served: Served) -> Iterator[tuple[Terminal, Program, ReplayServer]]:
    """A chat in a terminal, at its first prompt."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    program, server = served(*SCRIPT_OF_THE_MODEL, models=("one", "two"), token_seconds=0.002)
    environment = {**program.environment, "TERM": "tmux-256color", "LANG": "C.UTF-8"}
    with ExitStack() as stack:
        command = [str(SCRIPT), "chat", "--model", "one"]
        terminal = stack.enter_context(Terminal(command, environment, program.home))
        terminal.prompt()
        yield terminal, program, server


def test_a_session(chat: tuple[Terminal, Program, ReplayServer]) -> None:
    """A problem, a follow-up over its variable, Ctrl-C in an endless cell, and on with the state kept."""
    terminal, program, server = chat
    assert f"one at {server.base_url} · /help lists the commands, Ctrl-D leaves" in terminal.screen()

    terminal.type("What is 6 * 7?")
    shown = terminal.prompt()
    assert "code 1" in shown
    assert "x = 6 * 7" in shown
    assert "It is 42." in shown
    assert "┃ 42" in shown

    terminal.type("Add one.")
    assert "y is 43" in terminal.prompt()

    terminal.type("Never end.")
    terminal.wait_for("in the loop\n")
    terminal.press("C-c")
    shown = terminal.prompt()
    assert "interrupted 1 ·" in shown
    assert "cancelled: stopped while a cell was running" in shown

    terminal.type("Is it all there?")
    assert "have 42 43 5" in terminal.prompt()

    said = [each["content"] for each in server.seen[-1].body["messages"] if each["role"] == "user"][-4:]
    assert said == ["What is 6 * 7?", "Add one.", "Never end.", "Is it all there?"]
    finishes = [trace.finish.reason for trace in program.stored()]
    assert finishes == ["answer", "answer", "cancelled", "answer"]

    terminal.press("C-d")
    assert terminal.ended() == 0
    assert "mathagent/cli" not in terminal.screen()  # no traceback of the program's own


def test_commands(chat: tuple[Terminal, Program, ReplayServer], tmp_path: Path) -> None:
    terminal, program, _ = chat
    terminal.type("/undo")
    assert "error: there is nothing to take back" in terminal.prompt()
    terminal.type("/help")
    assert "/undo" in terminal.prompt()
    terminal.type("/nonsense")
    assert "error: unknown command /nonsense (known: /help, /reset" in terminal.prompt()

    for question in ("What is 6 * 7?", "Add one."):
        terminal.type(question)
        terminal.prompt()
    terminal.type("Never end.")
    terminal.wait_for("in the loop\n")
    for _ in range(6):  # impatience ends no session
        terminal.press("C-c")
    terminal.prompt()

    terminal.type("/undo")
    assert "taken back: Never end.; in a fresh kernel, 2 of 2 earlier cells ran again" in terminal.prompt()
    terminal.type("What is left?")
    assert "left 42 43 False" in terminal.prompt()

    terminal.type("/code")
    shown = terminal.prompt()
    assert "# 1. What is 6 * 7?" in shown
    assert "y = x + 1" in shown
    assert "while True" not in shown
    terminal.type("/save session.py")
    assert "saved to session.py" in terminal.prompt()
    compile((tmp_path / "session.py").read_text(), "session.py", "exec")
    terminal.type("/save session.md")
    terminal.prompt()
    assert "## Add one.\n\n```python\ny = x + 1" in (tmp_path / "session.md").read_text()
    terminal.type("/save nowhere/session.md")
    assert "error: can't write nowhere/session.md: No such file" in terminal.prompt()
    terminal.type("/save")
    assert "error: /save needs a file name" in terminal.prompt()

    terminal.type("/limits executions 0")
    terminal.prompt()
    for wrong in ("seconds nan", "tokens many", "tokens 0", "patience 3"):
        terminal.type(f"/limits {wrong}")
        assert "error: " in terminal.prompt()
    terminal.type("/limits")
    assert "executions       0\n" in terminal.prompt()
    terminal.type("What is left?")
    assert "execution_limit" in terminal.prompt()
    terminal.type("/limits executions 8")
    terminal.prompt()

    terminal.type("/model")
    assert "one at http" in terminal.prompt()
    terminal.type("/model three")
    assert "'three'" in terminal.prompt()
    terminal.type("/model two")
    assert "two at http" in terminal.prompt()
    terminal.type("What is left?")
    assert "left 42 43 False" in terminal.prompt()
    assert program.stored()[-1].model.name == "two"

    terminal.type("/reset")
    assert "forgotten" in terminal.prompt()
    terminal.type("Anything?")
    shown = terminal.prompt()
    assert "False" in shown
    assert "┃ 3" in shown
    terminal.type("/quit")
    assert terminal.ended() == 0
    assert "mathagent/cli" not in terminal.screen()  # no traceback of the program's own


def test_keys(chat: tuple[Terminal, Program, ReplayServer]) -> None:
    """Editing, history, Ctrl-C at the prompt and while the model writes."""
    terminal, program, server = chat
    terminal.press("h", "a", "l", "f", "C-c")
    terminal.wait_for("> half")
    terminal.prompt()
    terminal.type("/limits")
    terminal.prompt()
    terminal.press("Up", "C-a", "C-k")
    terminal.type("Talk.")
    terminal.wait_for("word word")
    terminal.press("C-c")
    assert "cancelled: stopped while the model was writing" in terminal.prompt()
    wait_until(lambda: server.seen[-1].aborted)
    terminal.press("Up")
    terminal.wait_for("\n> Talk.")
    terminal.press("Up")
    terminal.wait_for("\n> /limits")
    terminal.press("C-c")
    terminal.prompt()
    terminal.press("C-d")
    assert terminal.ended() == 0
    assert "Talk." in (program.home / "chat_history").read_text()


def test_in_a_pipe(served: Served) -> None:
    """Lines from a pipe, plain text out, notices and errors on stderr; no kernel outlives it."""
    program, _ = served(*SCRIPT_OF_THE_MODEL)
    lines = "What is 6 * 7?\n\n/code\n/nonsense\nAdd one.\n"
    ended = program.run("chat", stdin=lines)
    assert ended.code == 0
    assert "It is $\\boxed{42}$.\nanswer: 42\n# 1. What is 6 * 7?\nx = 6 * 7\nprint(x)\n" in ended.out
    assert ended.out.endswith("```output\ny is 43\n```\nNow \\boxed{43}.\nanswer: 43\n")
    assert "\x1b" not in ended.out + ended.err
    assert ended.complaints == [
        line for line in ended.err.splitlines() if "unknown command /nonsense" in line
    ]
    outputs = [
        step.shown for trace in program.stored() for step in trace.steps if isinstance(step, OutputStep)
    ]
    assert outputs == ["42", "y is 43"]
    assert not [each for each in psutil.Process().children(recursive=True) if "mathagent" in each.name()]
