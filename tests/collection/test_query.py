"""Queries: every kind of term, what can't be read, and that no text from a person breaks the reader."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.collection import Entry, Texts, parse_query
from mathagent.errors import UsageError
from tests.collection.made import entry

TEXTS = Texts("How many primes below 10?", "Count them. So \\boxed{4}.", "print(4)\n# a/b", "4\n")


def wants(query: str, one: Entry | None = None) -> bool:
    return parse_query(query).wants(one or entry(), lambda: TEXTS)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "wrong",
        "verdict:wrong,undecided",
        "-correct",
        "level:5 rounds>=2",
        "rounds<3 tokens=120 seconds>1.5",
        "dataset:MATH model:qwen",
        "type:number,algebra",
        "sample:1 sample<2",
        "finish:answer -finish:token_limit",
        "primes",
        '"primes below"',
        "code:print output:4 prose:count",
        r"/\bprimes\b/ code:/print\(\d\)/ code:/a\/b/",
        "-code:sympy",
        'problem_text:"how MANY"',
        "answer:4",
    ],
)
def test_wanted(query: str) -> None:
    assert wants(query)


@pytest.mark.parametrize(
    "query",
    [
        "correct",
        "wrong level:4",
        "rounds>2",
        "reward>0",  # it has none
        "-primes",
        "prose:print",
        '"correct"',  # quoted, it is a word to look for
        r"code:/^primes/",
        "model:llama",
        "sample:0",
    ],
)
def test_unwanted(query: str) -> None:
    assert not wants(query)


@pytest.mark.filterwarnings("error")
def test_a_pattern_of_another_python_is_no_warning_on_the_readers_screen() -> None:
    assert parse_query("/[[]1, 2/") is not None


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("rounds>many", "no number"),
        ("level>3", "takes a colon"),
        ("tokens:5", "takes a comparison"),
        ("/(/", "no regular expression"),
    ],
)
def test_what_cant_be_read_is_said(query: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_query(query)


@pytest.mark.parametrize("query", ["x=3", "http://x", "what:is", "a-b", '"open', "/usr/bin/env", "-"])
def test_other_text_is_looked_for_as_it_stands(query: str) -> None:
    texts = Texts("", f"it says {query} here", "", "")
    assert parse_query(query).wants(entry(), lambda: texts)
    assert not wants(query)


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_text_is_read_or_refused(query: str) -> None:
    with suppress(UsageError):
        parse_query(query).wants(entry(), lambda: TEXTS)


def test_texts_are_read_only_when_needed() -> None:
    def unread() -> Texts:
        raise AssertionError("read")

    assert not parse_query("primes correct").wants(entry(), unread)
