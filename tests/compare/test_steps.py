"""Traces of one problem, step by step: what stands beside what, and how it differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernels_sandbox import CellResult
from mathagent.compare import Unit, align, units_of
from tests.notebook.made import trace_of
from tests.trace.conftest import make_trace


def test_the_units_of_a_trace() -> None:
    assert units_of(make_trace()) == [
        Unit("code", "6 * 7", "42", "ok"),
        Unit("thinking", "I think"),
        Unit("prose", "Größe ∑ 中文: \\boxed{42}."),
    ]
    halves = trace_of("One half. ", "And the other.", ("never()", None))
    assert units_of(halves) == [Unit("prose", "One half. And the other."), Unit("code", "never()")]


def test_what_is_alike_stands_side_by_side() -> None:
    first = units_of(
        trace_of(
            "First we count the primes below ten.",
            ("n = 10\nprint(count(n))", CellResult("ok", stdout="4")),
            "So the answer is 4.",
        )
    )
    second = units_of(
        trace_of(
            ("import sympy", CellResult("ok")),
            "First we count all primes below ten.",
            ("n = 11\nprint(count(n))", CellResult("ok", stdout="5")),
            "So the answer is 5.",
            ("check = 1", CellResult("error")),
        )
    )
    rows = align(first, second)
    assert [(row.kind, row.first is None, row.second is None) for row in rows] == [
        ("code", True, False),
        ("prose", False, False),
        ("code", False, False),
        ("prose", False, False),
        ("code", True, False),
    ]
    assert rows[2].diff() == ["@@ -1,2 +1,2 @@", "-n = 10", "+n = 11", " print(count(n))"]
    assert rows[2].output_diff() == ["@@ -1 +1 @@", "-4", "+5"]
    assert rows[0].diff() == ["@@ -0,0 +1 @@", "+import sympy"]


def test_the_same_trace_is_the_same_throughout() -> None:
    units = units_of(make_trace())
    rows = align(units, units)
    assert all(row.same and row.diff() == [] and row.output_diff() == [] for row in rows)
    assert align([], []) == []


UNITS = st.lists(
    st.builds(Unit, st.sampled_from(["prose", "code"]), st.sampled_from(["a b", "a c", "d", ""])), max_size=6
)


@given(UNITS, UNITS)
def test_no_unit_is_lost_doubled_or_moved(first: list[Unit], second: list[Unit]) -> None:
    rows = align(first, second)
    assert [row.first for row in rows if row.first is not None] == first
    assert [row.second for row in rows if row.second is not None] == second
    assert all(row.first.kind == row.second.kind for row in rows if row.first and row.second)
