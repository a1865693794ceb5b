"""What the model is shown of a result."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels_sandbox import CellError, CellResult, Cut
from mathagent.shown import clean, cut_middle, short_traceback, show

TRACEBACK = """Traceback (most recent call last):
  Cell In[3], line 4
    solve(x)
  Cell In[3], line 2 in solve
    return sympy.sqrt("a b c")
  File /usr/lib/python3/site-packages/sympy/core/sympify.py:488 in sympify
    raise SympifyError('could not parse %r' % a, exc)
  File /usr/lib/python3/site-packages/sympy/parsing/parser.py:1 in parse
    eval_expr(code)
SympifyError: Sympify of expression 'could not parse 'a b c'' failed
"""


def test_streams_then_value() -> None:
    result = CellResult("ok", stdout="a\n", stderr="warned\n", result="42", displays=({"text/plain": "42"},))
    assert show(result, 1000) == "a\nwarned\n42"


def test_displays_are_shown_as_text() -> None:
    result = CellResult(
        "ok", displays=({"text/plain": "<Figure>", "image/png": "AAAA"}, {"text/plain": "7"}), result="7"
    )
    assert show(result, 1000) == "<Figure>\n7"


def test_nothing_is_nothing() -> None:
    assert show(CellResult("ok"), 1000) == ""


def test_ansi_and_control_characters_are_taken_off() -> None:
    assert clean("\x1b[31mred\x1b[0m \x1b]0;title\x07x\x00y") == "red xy"
    assert clean("10%\r50%\r100%\ndone\r\n") == "100%\ndone\n"


def test_the_middle_is_cut_and_the_length_said() -> None:
    text = "a" * 600 + "b" * 600
    shown = cut_middle(text, 100)
    assert shown.startswith("a" * 50 + "\n")
    assert shown.endswith("\n" + "b" * 50)
    assert "1,100 characters left out" in shown


@given(text=st.text(max_size=300), limit=st.integers(1, 200))
def test_cutting_keeps_head_and_tail(text: str, limit: int) -> None:
    shown = cut_middle(text, limit)
    if len(text) <= limit:
        assert shown == text
    else:
        assert shown.startswith(text[: (limit + 1) // 2])
        assert shown.endswith(text[len(text) - limit // 2 :])


def test_library_frames_are_counted_not_shown() -> None:
    shown = short_traceback(TRACEBACK, "SympifyError", "Sympify of expression failed")
    assert "line 2 in solve" in shown
    assert "site-packages" not in shown
    assert "2 more frames" in shown
    assert shown.endswith("SympifyError: Sympify of expression failed")


def test_errors_and_what_was_lost_stay_when_the_output_is_cut() -> None:
    result = CellResult(
        "died",
        stdout="x" * 5000,
        error=CellError(
            "ValueError", "bad", "Traceback (most recent call last):\n  Cell In[1], line 1\nValueError: bad"
        ),
        cut=Cut(total=9_000_000, kept=5000),
        state_lost=True,
        detail="the kernel died: variables are gone",
    )
    shown = show(result, 200)
    assert "ValueError: bad" in shown
    assert "variables are gone" in shown
    assert "9,000,000" in shown
    assert len(shown) < 600


def test_a_syntax_error_names_no_file_that_is_not_there() -> None:
    shown = short_traceback("", "SyntaxError", "cannot assign to expression (4111695885.py, line 1)")
    assert shown == "SyntaxError: cannot assign to expression (line 1)"


@pytest.mark.parametrize("value", ["", "x" * 100_000])
def test_an_error_message_is_bounded(value: str) -> None:
    assert len(short_traceback("", "ValueError", value)) < 800


def test_eight_bit_sequences_and_half_characters_are_taken_off_too() -> None:
    assert clean("\x9b31mred\x9b0m \x9d0;title\x9cx\x85y\x80") == "red xy"
    assert clean("\x1bPq#0\x1b\\a\x1bcb\x1b(0c\x90q\x9cd\x1b") == "abcd"
    assert clean("a\ud800b") == "a\N{REPLACEMENT CHARACTER}b"


@given(text=st.text(alphabet=st.characters(codec=None)))
def test_whatever_comes_in_a_terminal_can_take_it(text: str) -> None:
    shown = clean(text)
    shown.encode()
    assert not any((ord(each) < 32 and each not in "\n\t") or 127 <= ord(each) < 160 for each in shown)
