"""Cells that are run again: what is the same, what differs, and what can't repeat."""

from __future__ import annotations

import pytest

from kernels_sandbox import CellError, CellResult, Policy
from mathagent.notebook import check, notebook_of
from mathagent.notebook.check import compare_cells
from tests.notebook.made import ran, trace_of

POLICY = Policy(min_level="none")


async def test_what_was_really_run_says_the_same_again() -> None:
    trace = await ran(
        [
            "class A: pass\na = A()\nprint(a)",
            "import time\nprint(f'{time.perf_counter() % 1:.6f} seconds')",
            "from sympy import *\nsqrt(8)",
            "sqrt(undefined)",
            "while True: pass",
            "a is not None",
        ],
        timeout=2,
    )
    found = await check(trace, POLICY)
    assert found.same
    assert [cell.then for cell in found.cells] == [cell.now for cell in found.cells]
    assert [cell.then for cell in found.cells] == ["ok", "ok", "ok", "error", "timeout", "ok"]
    assert [cell.normalised for cell in found.cells[:3]] == [("memory addresses",), ("timings",), ()]
    assert found.versions == []


async def test_what_differs_is_said_cell_by_cell() -> None:
    trace = trace_of(
        ("x = 1\nprint(x)", CellResult("ok", stdout="2\n")),
        ("x + 1", CellResult("ok", result="2", displays=({"text/plain": "2"},))),
        ("x / 0", CellResult("ok", result="0")),
        ("never()", None),
        ("import os; os._exit(0)", CellResult("interrupted")),
        ("raise ValueError(x)", CellResult("error", error=CellError("ValueError", "2", ""))),
    )
    trace.versions["sympy"] = "0.1"
    found = await check(trace, POLICY)
    assert not found.same
    first, second, third, fourth, fifth, sixth = found.cells
    assert [(each.what, each.then, each.now) for each in first.differences] == [("stdout", "2\n", "1\n")]
    assert second.differences == ()
    assert [(each.what, each.then) for each in third.differences] == [("status", "ok")]
    assert third.differences[0].now == "error: ZeroDivisionError: division by zero"
    assert fourth.skipped == "it was not run"
    assert fifth.skipped == "a person had interrupted it"
    assert [each.what for each in sixth.differences] == ["error"]
    assert [line.partition(":")[0] for line in found.versions] == ["sympy"]


@pytest.mark.parametrize(
    ("then", "now", "normalised"),
    [
        ("<A object at 0x7f00deadbeef>", "<A object at 0x7f1122334455>", ("memory addresses",)),
        ("Wall time: 1.2 ms", "Wall time: 1.34 ms", ("timings",)),
        ("took 1.25 seconds at 0x7f00deadbeef", "took 1.5 seconds at 0x7f00deadbee0",
         ("memory addresses", "timings")),
        ("File /tmp/ipykernel_7/123.py, line 2", "File /tmp/ipykernel_9/456.py, line 2", ("names of cells",)),
        ("0.7316", "0.1234", None),
        ("12 s", "15 s", None),
        ("0xff", "0xfe", None),
        ("", "x", None),
    ],
)  # fmt: skip
def test_what_can_not_repeat(then: str, now: str, normalised: tuple[str, ...] | None) -> None:
    cell = compare_cells(0, CellResult("ok", stdout=then), CellResult("ok", stdout=now))
    assert bool(cell.differences) == (normalised is None)
    assert cell.normalised == (normalised or ())


def test_displays_are_compared_by_type_and_number() -> None:
    png, other = (
        {"image/png": "aaaa", "text/plain": "<Figure>"},
        {"image/png": "bbbb", "text/plain": "<Figure>"},
    )
    one, two = CellResult("ok", displays=(png,)), CellResult("ok", displays=(other, other))
    found = compare_cells(0, one, two).differences
    assert [each.what for each in found] == [
        "display 1, image/png",
        "display 2, image/png",
        "display 2, text/plain",
    ]
    half = compare_cells(0, CellResult("timeout", stdout="a"), CellResult("timeout", stdout="b"))
    assert not half.differences


async def test_a_trace_without_code() -> None:
    found = await check(trace_of("Only words."), POLICY)
    assert found.same
    assert found.cells == []


async def test_records_of_other_tools_say_only_what_was_shown() -> None:
    trace = trace_of(
        ("print(6 * 7)", CellResult("ok", stdout="42")),
        ("6 * 7", CellResult("ok", stdout="42\n")),
        ("6 * 8", CellResult("ok", stdout="42")),
    )
    for step in trace.steps:
        if step.type == "output":
            step.result["status"] = "unknown"
    found = await check(trace, POLICY)
    assert [(cell.then, cell.now) for cell in found.cells] == [("unknown", "ok")] * 3
    assert [[(each.what, each.then, each.now) for each in cell.differences] for cell in found.cells] == [
        [], [], [("shown", "42", "48")],
    ]  # fmt: skip
    first = next(cell for cell in notebook_of(trace).cells if cell.cell_type == "code")
    assert first.outputs[0].text == "42"
    assert first.metadata.tags == ["raises-exception"]  # for all that is known it failed
