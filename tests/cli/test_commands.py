"""The smaller commands: help, version, completion, prompts, doctor."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.text import Text

from mathagent import __version__
from mathagent.cli.app import app
from mathagent.prompts import prompts
from tests.cli.conftest import PROBLEM, Served
from tests.cli.program import Program, scripted

COMMANDS = [
    (),
    ("solve",),
    ("chat",),
    ("show",),
    ("prompts",),
    ("doctor",),
    ("setup",),
    ("serve",),
    ("serve", "start"),
    ("serve", "status"),
    ("serve", "stop"),
    ("serve", "logs"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help(program: Program, command: tuple[str, ...]) -> None:
    """Every command explains itself and each of its options."""
    ended = program.call(*command, "--help", environment={"COLUMNS": "120"})
    assert (ended.code, ended.err) == (0, "")
    assert " ".join(("Usage: mathagent", *command)) in ended.out
    assert len(ended.out.splitlines()) > 5
    assert program.call(*command, "-h").code == 0


def test_defaults_in_helps_are_shown() -> None:
    """Rich takes an unescaped `[default: ...]` for markup and shows nothing of it."""
    told = [
        (command.name, parameter.name, parameter.help)
        for command in _leaves(typer.main.get_command(app))
        for parameter in command.params
        if "default:" in (getattr(parameter, "help", None) or "")
    ]
    assert len(told) > 20
    assert [each for each in told if "[default: " not in Text.from_markup(each[2]).plain] == []


def _leaves(command: Any) -> Iterator[Any]:
    for each in getattr(command, "commands", {}).values():
        yield from _leaves(each)
    yield command


def test_help_imports_nothing_that_takes_long_and_version(program: Program) -> None:
    assert "solve" in program.run("--help").out
    code = "import sys, mathagent.cli.app; print({'openai', 'sympy', 'numpy', 'jupyter_client'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    assert program.call("--version").out == f"mathagent {__version__}\n"
    assert program.call().code == 2  # no command: the help


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(program: Program, shell: str, tmp_path: Path) -> None:
    ended = program.call("--show-completion", shell)
    assert ended.code == 0
    assert "_MATHAGENT_COMPLETE" in ended.out
    if shell == "bash":
        (tmp_path / "completion").write_text(ended.out)
        subprocess.run(["bash", "-n", "completion"], cwd=tmp_path, check=True)


def test_completion_completes(program: Program) -> None:
    asked = {"_MATHAGENT_COMPLETE": "complete_bash", "COMP_WORDS": "mathagent so", "COMP_CWORD": "1"}
    assert program.run(environment=asked).out.split() == ["solve"]


def test_prompts_list_and_show(program: Program) -> None:
    listed = program.call("prompts", environment={"COLUMNS": "150"}).out
    for name, prompt in prompts().items():
        assert name in listed
        assert program.call("prompts", name).out == prompt.text
    records = json.loads(program.call("prompts", "--json").out)
    assert [record["name"] for record in records] == list(prompts())
    one = json.loads(program.call("prompts", "tir", "--json").out)
    assert one["sha256"] == prompts()["tir"].sha256
    assert one["sections"][-1] == {"role": "user", "template": "{{ problem }}"}


MINE = """---
name: mine
description: my own
mode: cot
protocol: cot
sampling: {temperature: 0.25}
tokens: 77
---
## system
Be brief.

## user
Please: {{ problem }}
"""


def test_a_prompt_of_the_users_own(served: Served, tmp_path: Path) -> None:
    program, server = served(scripted("Say {{ it }} \\frac{1}{2}.", "\\boxed{1}"))
    (tmp_path / "mine.md").write_text(MINE)
    assert program.call("prompts", "mine.md").out == MINE
    ended = program.call("solve", "Say {{ it }} \\frac{1}{2}.", "--prompt", "./mine.md")
    assert (ended.code, ended.out) == (0, "1\n")
    body = server.seen[0].body
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Please: Say {{ it }} \\frac{1}{2}."},
    ]
    assert body["temperature"] == 0.25
    assert body["max_tokens"] == 77
    assert program.stored()[0].prompt.name == "mine"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no front matter", "begins with front matter"),
        (MINE.replace("mode: cot", "mode: guess"), "mode: Input should be 'tir' or 'cot'"),
        (MINE.replace("tokens: 77", "tokns: 77"), "tokns: Extra inputs are not permitted"),
        (MINE.replace("temperature", "heat"), "sampling: unknown setting heat"),
        (MINE.replace("## user\n", "## assistant\n"), "the last section must be '## user'"),
        (MINE.replace("{{ problem }}", "nothing"), "the last section must be '## user'"),
        (MINE.replace("{{ problem }}", "{{ problem }} {{ colour }}"), "'colour' is undefined"),
        (MINE.replace("{{ problem }}", "{{ problem"), "unexpected end of template"),
        (MINE.replace("{{ problem }}", "{{ problem.x.y }}"), "has no attribute 'x'"),
        (MINE.replace("protocol: cot", "protocol: nope"), "unknown protocol 'nope'"),
        (MINE.replace("mode: cot", "mode: [cot"), "front matter: while parsing"),
    ],
)
def test_bad_prompt_files(served: Served, tmp_path: Path, text: str, says: str) -> None:
    program, server = served(scripted(PROBLEM, "\\boxed{1}"))
    (tmp_path / "bad.md").write_text(text)
    ended = program.call("solve", PROBLEM, "--mode", "cot", "--prompt", "bad.md")
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert says in ended.err
    assert server.seen == []


def test_doctor(served: Served) -> None:
    program, server = served()
    ended = program.run("doctor", "--json")
    checks = json.loads(ended.out)
    assert {"Python", "system", "vLLM", "endpoint", "isolation", "kernel", "disk"} <= checks.keys()
    assert all(check.keys() == {"status", "detail", "mend"} for check in checks.values())
    assert checks["Python"]["status"] == "ok"
    assert checks["endpoint"]["status"] == "ok"
    assert server.base_url in checks["endpoint"]["detail"]
    assert checks["kernel"]["status"] == "ok"
    assert checks["disk"]["status"] == "ok"
    assert ended.code == (3 if any(check["status"] == "failed" for check in checks.values()) else 0)
    assert ended.err == ""


def test_doctor_says_how_to_mend(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    broken = {"MATHAGENT_HOME": str(tmp_path / "file"), "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    ended = program.call("doctor", environment={**broken, "COLUMNS": "200"})
    assert ended.code == 3
    assert re.search("^✗ +endpoint +nobody answers", ended.out, re.MULTILINE)
    assert "nobody answers at http://127.0.0.1:9/v1" in ended.out
    assert "→ is the server running?" in ended.out
    assert re.search("^✗ +disk ", ended.out, re.MULTILINE)
    assert "→ set MATHAGENT_HOME to a folder you may write to" in ended.out
