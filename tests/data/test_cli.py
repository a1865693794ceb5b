"""`mathagent data`, as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mathagent.data import sets
from tests.cli.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program without an endpoint, in this process."""
    return Program(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with two sets."""
    path = tmp_path / "data"
    path.mkdir()
    rows = [
        {"question": "1+1?", "answer": "#### 2"},
        {"question": "\x1b[31mred [bold]and[/bold] \ud800", "answer": "#### 3"},
        {"question": "no answer"},
    ]
    (path / "gsm8k.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    choice = {"question": "哪个是素数", "options": ["4", "7"], "label": "B", "level": "Level 2"}
    (path / "mine.jsonl").write_text(json.dumps(choice) + "\n")
    (path / "hungarian_exam.csv").write_text("problem,idx\nProve it.,0\n")
    return path


def test_list_names_every_set(program: Program) -> None:
    ended = program.call("data", "list")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(sets())
    assert any(line.split() == ["gsm8k", "1319", "en", "openai/gsm8k", "MIT"] for line in lines)
    records = json.loads(program.call("data", "list", "--json").out)
    assert [record["name"] for record in records] == list(sets())
    assert records[0]["sizes"] == {"test": 1319, "train": 7473}


def test_show_is_what_would_be_asked(program: Program, folder: Path) -> None:
    ended = program.call("data", "show", "mine", "--data-dir", str(folder))
    assert ended.code == 0
    assert ended.out.splitlines()[2:] == ["0  level 2, zh", "哪个是素数", "A. 4", "B. 7", "answer: B or 7"]
    ended = program.call("data", "show", "mine", "--data-dir", str(folder), "--circular", "--json")
    assert [json.loads(line)["expected_answer"] for line in ended.out.splitlines()] == ["B", "A"]
    ended = program.call("data", "show", "hungarian_exam", "--data-dir", str(folder))
    assert "answer: none: people mark it" in ended.out


def test_bad_rows_are_named_and_the_exit_code_says_so(program: Program, folder: Path) -> None:
    ended = program.call("data", "show", "gsm8k", "--data-dir", str(folder))
    assert ended.code == 3
    assert "row 3: no answer; has: question" in ended.err
    assert "red [bold]and[/bold] \ufffd" in ended.out
    assert "\x1b[31m" not in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gsm9k"], "did you mean gsm8k?"),
        (["gsm8k", "--columns", "x"], "'x' is not ROLE=COLUMN"),
        (["gsm8k", "--ids", "7"], "no problem has the id '7'"),
        (["gsm8k", "--data-dir", "/nowhere"], "--data-dir: no folder /nowhere"),
    ],
)
def test_wrong_usage_is_one_line(program: Program, folder: Path, arguments: list[str], said: str) -> None:
    given = arguments if "--data-dir" in arguments else [*arguments, "--data-dir", str(folder)]
    ended = program.call("data", "show", *given)
    assert ended.code == 2
    assert len(ended.complaints) == 1
    assert said in ended.complaints[0]
