"""`mathagent notebook`: from a solve to a file, checks, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat

from kernels_sandbox import CellResult
from mathagent.trace import append
from tests.cli.conftest import Served
from tests.cli.program import Program
from tests.collection.made import solved, write_run
from tests.notebook.made import trace_of


def test_a_solve_becomes_a_notebook_that_says_the_same_again(served: Served) -> None:
    program, _ = served()
    assert program.call("solve", "What is 6 * 7?", "--answer", "42").code == 0
    (trace,) = program.stored()
    ended = program.call("notebook")
    assert (ended.code, ended.out) == (0, "")
    path = program.home / f"{trace.id}.ipynb"
    made = nbformat.read(path, as_version=4)
    nbformat.validate(made)
    assert [cell.outputs[0].text for cell in made.cells if cell.cell_type == "code"] == ["42\n"]
    assert made.metadata.mathagent.trace == trace.id
    assert "✓ correct" in made.cells[-1].source
    checked = program.call("notebook", trace.id, "--check", "--json", "-o", "x.ipynb")
    assert checked.code == 0
    cell = {"index": 0, "then": "ok", "now": "ok", "differences": [], "normalised": [], "skipped": ""}
    said = {"trace": trace.id, "notebook": "x.ipynb", "same": True, "cells": [cell], "versions": []}
    assert json.loads(checked.out) == said
    assert Path(program.home, "x.ipynb").read_text() == path.read_text()


def test_no_file_is_replaced_unasked(program: Program) -> None:
    append(program.traces, trace_of("Words."))
    path = program.home / "x.ipynb"
    path.write_text("mine")
    refused = program.call("notebook", "-o", "x.ipynb")
    assert (refused.code, path.read_text()) == (2, "mine")
    assert refused.err == "error: x.ipynb is there already (--force replaces a file, --out names another)\n"
    assert program.call("notebook", "-o", "x.ipynb", "--force").code == 0
    nbformat.validate(nbformat.read(path, as_version=4))
    assert program.call("notebook", "-o", ".", "--force").code == 2
    assert program.call("notebook", "-o", "no/such/x.ipynb").code == 3


def test_of_a_run_by_problem_and_sample(program: Program) -> None:
    run = write_run(program.home / "run", [solved("p1"), solved("p1", 1, "41"), solved("p2")])
    ended = program.call("notebook", "p1:1", "--trace", str(run), "-o", "-")
    made = nbformat.reads(ended.out, as_version=4)
    assert made.metadata.mathagent.problem == "p1"
    assert (made.metadata.mathagent.sample, made.metadata.mathagent.verdict) == (1, "wrong")
    unknown = program.call("notebook", "p9", "--trace", str(run))
    assert unknown.code == 3
    assert unknown.err.startswith("error: no trace called 'p9' in ")


def test_a_difference_is_an_exit_code_of_its_own(program: Program) -> None:
    append(program.traces, trace_of(("print(1)", CellResult("ok", stdout="\x1b[31m2\n"))))
    ended = program.call("notebook", "--check")
    assert ended.code == 1
    assert ended.out.splitlines() == [
        "cell 1: differs (ok then, ok now)", "  stdout:", "    -2", "    +1", "1 of 1 cells differ",
    ]  # fmt: skip
    assert not list(program.home.glob("*.ipynb"))


def test_the_id_of_a_strange_file_leads_nowhere(program: Program) -> None:
    trace = trace_of("Words.")
    trace.id = "../../etc/x"
    append(program.traces, trace)
    assert program.call("notebook").code == 0
    assert [path.name for path in program.home.glob("*.ipynb")] == ["_.._etc_x.ipynb"]
