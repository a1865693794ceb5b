"""`mathagent view --export`, the data of the page, and how its modules are joined."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from mathagent.collection import open_collection, parse_query
from mathagent.errors import UsageError
from mathagent.page.data import CHUNK, PageData
from mathagent.page.document import document
from mathagent.page.modules import joined
from mathagent.run.report import open_stored, summary_of
from mathagent.trace import append
from tests.cli.program import Program
from tests.collection.made import solved, write_run
from tests.page.made import hostile_run, numbered

_BLOCK = re.compile(r'<script type="application/octet-stream" id="([a-z0-9-]+)">([A-Za-z0-9+/=]*)</script>')


def blocks(page: Path) -> dict[str, Any]:
    """The data of an exported page."""
    found = _BLOCK.findall(page.read_text())
    return {name: json.loads(zlib.decompress(base64.b64decode(text))) for name, text in found}


def test_the_command(tmp_path: Path, rich: Path) -> None:
    page = tmp_path / "page.html"
    ended = Program(tmp_path).call("view", str(rich), "--export", str(page))
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("6 traces in ")
    data = blocks(page)
    assert list(data) == ["head", "chunk-0"]
    assert data["head"]["summary"] == summary_of(open_stored(rich)).model_dump(mode="json")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_only_some_traces(tmp_path: Path, rich: Path) -> None:
    page = tmp_path / "page.html"
    ended = Program(tmp_path).call("view", str(rich), "-correct", "level:2", "--export", str(page))
    assert ended.code == 0
    data = blocks(page)
    assert [body["id"] for body in data["chunk-0"]] == ["t-2", "t-3", "t-5"]
    assert (data["head"]["size"], data["head"]["all"], data["head"]["asked"]) == (3, 6, "level:2 -correct")
    assert data["head"]["summary"]["overall"]["counts"]["samples"] == 6  # the numbers are those of all


def test_the_default_trace_file_without_problem_ids(tmp_path: Path) -> None:
    program = Program(tmp_path)
    for _ in range(2):
        trace = solved("", answer="42")
        append(program.traces, trace)
    page = tmp_path / "page.html"
    assert program.call("view", "--export", str(page)).code == 0
    head = blocks(page)["head"]
    assert head["columns"]["group"] == [0, 0]  # the same text is the same problem
    assert head["summary"]["overall"]["counts"]["problems"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["{rich}", "level>3", "-o", "x.html"], 2, "level takes a colon"),
        (["{rich}", "level:77", "-o", "x.html"], 2, "there is no trace that 'level:77' wants"),
        (["{rich}", "-o", "x.html", "--port", "1"], 2, "--export needs no --port"),
        (["{rich}", "-o", "no/such/folder/x.html"], 3, "can't write no/such/folder/x.html"),
        (["nowhere.jsonl"], 2, "there is no run and no file nowhere.jsonl"),
        ([], 3, "there is no trace file"),
    ],
)
def test_what_cant_be_done_is_one_line(
    tmp_path: Path, rich: Path, arguments: list[str], code: int, says: str
) -> None:
    ended = Program(tmp_path).call("view", *(each.format(rich=rich) for each in arguments))
    assert ended.code == code
    assert len(ended.complaints) == 1
    assert says in " ".join(ended.err.split())
    assert not list(tmp_path.glob("**/*.html*"))


def test_chunks(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", numbered([solved(f"p{number}") for number in range(CHUNK + 1)]))
    data = PageData(open_collection(run))
    assert data.chunks == 2
    assert len(json.loads(zlib.decompress(data.chunk(1)))) == 1
    for number in (-1, 2):
        with pytest.raises(IndexError):
            data.chunk(number)
    with pytest.raises(UsageError, match="there is no trace"):
        PageData(open_collection(run), parse_query("wrong"), "wrong")


def test_no_text_ends_an_element_of_the_file(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    run = hostile_run(tmp_path / "</script><script>alert(1)</script>{{script}}")
    Program(tmp_path).call("view", str(run), "-o", str(page))
    text = page.read_text()
    scripts = re.findall(r"<script\b[^>]*>", text)
    assert scripts == [
        '<script type="application/octet-stream" id="head">',
        "<script>",
        "<script>",
        '<script type="application/octet-stream" id="chunk-0">',
    ]
    assert "alert(1)</script>" not in text
    assert "onerror=" not in text


def test_the_page_is_whole() -> None:
    text = "".join(document("embedded", "x"))
    assert "{{" not in re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert "url(fonts/" not in text
    assert "http://" not in re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)


def test_modules_are_joined_in_order() -> None:
    modules = {
        "main": 'import { a } from "./one.js";\nimport { b } from "./two.js";\na(b);\n',
        "one": 'import { b } from "./two.js";\nexport function a() { return b; }\n',
        "two": "const hidden = 1;\nexport const b = hidden;\nexport class C {}\n",
    }
    text = joined("main", modules.__getitem__)
    assert re.findall(r"^const (\$\w+)", text, re.MULTILINE) == ["$two", "$one", "$main"]
    assert "return { b, C };" in text
    assert "import" not in text
    assert "export" not in text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('import x from "./one.js";\n', "can't join"),
        ("export default 1;\n", "can't join"),
        ('import { a } from "./main.js";\n', "import each other"),
    ],
)
def test_what_cant_be_joined(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        joined("main", lambda _: text)


def test_what_another_tools_record_does_not_say_is_not_made_up(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    reply = "Let us count.\n```python\nprint(4)\n```\n```output\n4\n```\nIt is $\\boxed{4}$."
    row = {
        "idx": 1,
        "question": "How many?",
        "gt": "4",
        "code": [reply],
        "pred": ["4"],
        "report": [[None, ""]],
    }
    rows.write_text(json.dumps(row) + "\n")
    page = tmp_path / "page.html"
    ended = Program(tmp_path).call("view", str(rows), "-o", str(page))
    assert ended.code == 0, ended.err
    data = blocks(page)
    columns = data["head"]["columns"]
    assert columns["tokens"] == columns["seconds"] == [None]
    assert columns["rounds"] == [1]
    assert [bar["name"] for bar in data["head"]["distributions"]["rounds"]] == ["1"]
    assert data["head"]["distributions"]["time"] == []
    assert "rows.jsonl, row 1" in data["chunk-0"][0]["about"]["read from"]
