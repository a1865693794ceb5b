"""Thinking and calls that the replay server takes out of a text, in any number of chunks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.replay.deltas import deltas, segments

TEXT = '<think>\nHmm.\n</think>\n\nI add.\n<tool_call>python\n{"code": "1+1"}</tool_call><tool_call>other\n{}'


def put_together(
    text: str, size: int, *, reasoning: bool = True, tools: bool = True, only_first: bool = False
) -> Any:
    cut = segments(text, reasoning=reasoning, tools=tools)
    thought, content, calls = "", "", {}
    for at in range(0, len(text), size):
        for delta in deltas(text, cut, at, min(at + size, len(text)), id_="x", only_first=only_first):
            thought += delta.get("reasoning", "")
            content += delta.get("content", "")
            for call in delta.get("tool_calls", ()):
                if "id" in call:
                    calls[call["index"]] = [call["id"], call["function"]["name"], ""]
                else:
                    calls[call["index"]][2] += call["function"]["arguments"]
    return thought, content, calls


@pytest.mark.parametrize("size", [1, 3, 17, 1000])
def test_any_cut_gives_the_same(size: int) -> None:
    calls = {0: ["x-0", "python", '{"code": "1+1"}'], 1: ["x-1", "other", "{}"]}
    assert put_together(TEXT, size) == ("Hmm.\n", "I add.", calls)
    assert put_together(TEXT, size, only_first=True) == ("Hmm.\n", "I add.", {0: calls[0]})
    assert put_together(TEXT, size, reasoning=False, tools=False) == ("", TEXT, {})
    assert put_together("<think>Hmm", size) == ("Hmm", "", {})
