"""The fold of a kernel's messages into a result: budgets, order, and messages that no honest kernel sends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels_sandbox import CellError, CellResult, Cut, OutputChunk
from kernels_sandbox.messages import CellFold, strip_ansi
from kernels_sandbox.wire import Message, decode, execute_request


def message(kind: str, **content: Any) -> Message:
    """A message of a cell, with its size on the wire about right."""
    return Message(kind, "cell", content, len(json.dumps(content)))


def finish(fold: CellFold, status: str = "ok") -> None:
    """The two messages that end a cell."""
    fold.add(message("execute_reply", status=status))
    fold.add(message("status", execution_state="idle"))


def test_streams_are_joined_and_told_apart() -> None:
    seen: list[OutputChunk] = []
    fold = CellFold(1000, seen.append)
    for name, text in (("stdout", "a"), ("stderr", "e"), ("stdout", "b\n")):
        fold.add(message("stream", name=name, text=text))
    fold.add(message("execute_result", data={"text/plain": "42"}))
    assert not fold.finished
    finish(fold)
    result = fold.result(None, 0.5)
    assert (result.status, result.stdout, result.stderr, result.result) == ("ok", "ab\n", "e", "42")
    assert result.displays == ({"text/plain": "42"},)
    assert [chunk.name for chunk in seen] == ["stdout", "stderr", "stdout", "result"]
    assert fold.finished
    assert not result.suspect


def test_an_error_is_plain_text() -> None:
    fold = CellFold(1000)
    fold.add(
        message("error", ename="ValueError", evalue="\x1b[31mred\x1b[0m", traceback=["\x1b[1mone", "two"])
    )
    finish(fold, "error")
    assert fold.result(None, 0).error == CellError("ValueError", "red", "one\ntwo")


@given(st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.text(max_size=50)), max_size=40))
def test_never_more_than_the_budget_and_always_the_beginning(pieces: list[tuple[str, str]]) -> None:
    fold = CellFold(100)
    for name, text in pieces:
        fold.add(message("stream", name=name, text=text))
    finish(fold)
    result = fold.result(None, 0)
    whole = "".join(text for name, text in pieces if name == "stdout").encode("utf-8", "replace")
    total = sum(len(text.encode("utf-8", "replace")) for _, text in pieces)
    assert (result.cut is not None) == (total > 100) == (result.status == "output_limit")
    if result.cut is not None:
        assert result.cut == Cut(total, 100)
    elif "\x1b" not in whole.decode("utf-8", "replace"):
        assert result.stdout.encode() == whole


@pytest.mark.parametrize(
    "bad",
    [
        message("stream", name="stdin", text="x"),
        message("stream", name="stdout", text=5),
        message("display_data", data=[1]),
    ],
)
def test_nonsense_is_suspect_and_not_kept(bad: Message) -> None:
    fold = CellFold(1000)
    fold.add(bad)
    finish(fold)
    result = fold.result(None, 0)
    assert result.suspect
    assert (result.stdout, result.displays) == ("", ())


def test_a_second_reply_does_not_count_and_is_suspect() -> None:
    fold = CellFold(1000)
    finish(fold, "error")
    fold.add(message("execute_reply", status="ok"))
    assert fold.result(None, 0).status == "error"
    assert fold.result(None, 0).suspect


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_garbage_decodes_to_nothing(parts: list[bytes]) -> None:
    assert decode(bytearray(b"".join(parts)), 1000) is None
    assert decode(bytearray(b"\n".join(parts)), 1000) is None


def test_a_request_has_every_part() -> None:
    header, _, _, content = execute_request("print('é')", "id", "session").split(b"\n")
    assert json.loads(header)["msg_id"] == "id"
    assert json.loads(content)["allow_stdin"] is False


def test_results_survive_json() -> None:
    result = CellResult(
        "error", stdout="é", displays=({"text/plain": "x"},), error=CellError("E", "v", "t"), cut=Cut(9, 5)
    )
    assert CellResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result
    with pytest.raises(ValueError, match="unknown cell status"):
        CellResult.from_dict({"status": "fine"})


def test_terminal_sequences_are_removed() -> None:
    assert strip_ansi("\x1b[0;31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07") == "red link"
