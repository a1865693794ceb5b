"""Trace files: what is appended comes back, whatever crashed, and nothing else is taken for a trace."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathagent.errors import TraceError
from mathagent.trace import append, read
from mathagent.trace.schema import SCHEMA, Trace
from tests.trace.conftest import make_trace

TRACE = make_trace()
LINE = TRACE.model_dump_json().encode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "traces.jsonl"


def test_what_is_appended_comes_back(file: Path) -> None:
    traces = [TRACE, make_trace("Löse \\frac{1}{2}\u2028\n\x1b[0m", "x\x00y")]
    for trace in traces:
        append(file, trace)
    assert list(read(file)) == traces
    assert len(file.read_bytes().splitlines()) == len(traces)
    assert {step.type for step in TRACE.steps} == {"prefill", "code", "request", "output", "text", "failure"}


def test_log_probabilities_are_optional(file: Path) -> None:
    """Traces from before there were any are read."""
    assert TRACE.mean_logprob == -0.3
    old = json.loads(LINE)
    for step in old["steps"]:
        step.pop("logprob_sum", None)
        step.pop("logprob_tokens", None)
    file.parent.mkdir()
    file.write_text(json.dumps(old) + "\n")
    (trace,) = read(file)
    assert (trace.mean_logprob, trace.reply) == (None, TRACE.reply)


@given(text=st.text(), answer=st.text())
@settings(max_examples=50)
def test_any_text_survives(text: str, answer: str) -> None:
    trace = make_trace(text, answer)
    assert Trace.model_validate_json(trace.model_dump_json()) == trace


def test_a_line_torn_anywhere_is_passed_over(tmp_path: Path) -> None:
    """Every length of a torn last line: alone it is passed over, and it never swallows what is appended next."""
    file = tmp_path / "traces.jsonl"
    for end in range(1, len(LINE)):
        file.write_bytes(LINE[:end] + b"\n" + LINE + b"\n")
        assert len(list(read(file))) == 1
    for end in range(1, len(LINE), 20):
        file.write_bytes(LINE + b"\n" + LINE[:end])
        assert len(list(read(file))) == 1


def test_a_torn_line_is_ended_by_the_next_append(file: Path) -> None:
    append(file, TRACE)
    with file.open("ab") as stream:
        stream.write(LINE[:200])
    append(file, TRACE)
    assert file.read_bytes().split(b"\n") == [LINE, LINE[:200], LINE, b""]


def test_a_whole_record_without_its_newline_counts(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(LINE)
    append(file, TRACE)
    assert len(list(read(file))) == 2


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"hello", "not a trace"),
        (b"[1, 2]", "not a trace"),
        (b'{"a": 1}}', "not a trace"),
        (b'{"schema_version": 1, "id": "x"}', "not a trace: started"),
        (b"\xff\xfe\x00", "not a trace"),
        (LINE[:-1] + b', "more": 1}', "not a trace: more"),
        (
            LINE.replace(b'"verdict"', b'"x"').replace(b'"type":"text"', b'"type":"song"'),
            "not a trace: steps",
        ),
    ],
)
def test_what_is_no_trace_is_said_with_its_line(file: Path, line: bytes, says: str) -> None:
    append(file, TRACE)
    with file.open("ab") as stream:
        stream.write(line + b"\n")
    with pytest.raises(TraceError, match="line 2") as raised:
        list(read(file))
    assert says in raised.value.message
    assert "\n" not in raised.value.message


@pytest.mark.parametrize("version", [SCHEMA + 1, 99, "2", None])
def test_another_schema_is_refused(file: Path, version: object) -> None:
    record = {**json.loads(LINE), "schema_version": version, "of_the_future": {}}
    file.parent.mkdir()
    file.write_text(json.dumps(record) + "\n")
    with pytest.raises(TraceError, match=f"schema {version} is not {SCHEMA}") as raised:
        list(read(file))
    assert "another version" in raised.value.hint


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="there is no trace file"):
        list(read(tmp_path / "none.jsonl"))
    with pytest.raises(TraceError, match="Is a directory"):
        list(read(tmp_path))
    with pytest.raises(TraceError, match="Is a directory"):
        append(tmp_path, TRACE)
    with pytest.raises(TraceError, match="No space left"):
        append(Path("/dev/full"), TRACE)
    (tmp_path / "empty.jsonl").write_text("\n\n")
    assert list(read(tmp_path / "empty.jsonl")) == []


_APPENDER = """
import sys
from pathlib import Path
from mathagent.trace import append
from mathagent.trace.schema import Trace
trace = Trace.model_validate_json(sys.stdin.buffer.read())
for number in range(int(sys.argv[3])):
    append(Path(sys.argv[1]), trace.model_copy(update={"id": f"{sys.argv[2]}-{number}"}))
"""


def test_several_processes_append_at_once(file: Path) -> None:
    """Records longer than any buffer, from four processes: every one is whole, in the order of its own process."""
    long = make_trace("x" * 100_000).model_dump_json().encode()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _APPENDER, str(file), str(name), "15"],
            stdin=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for name in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(long)
        process.stdin.close()
    assert [process.wait(timeout=60) for process in processes] == [0] * 4
    ids = [trace.id for trace in read(file)]
    for name in range(4):
        assert [each for each in ids if each.startswith(f"{name}-")] == [f"{name}-{n}" for n in range(15)]
    assert len(ids) == 60
