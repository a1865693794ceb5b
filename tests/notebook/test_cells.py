"""A trace as a notebook: valid, faithful, inert, and run again in the sandbox kernel as a Jupyter user would run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from kernels_sandbox import CellError, CellResult, probe
from kernels_sandbox.provisioner import NAME, install
from mathagent.notebook import notebook_of
from tests.notebook.made import PNG, ran, trace_of
from tests.trace.conftest import make_trace

ATTACK = "<img src=x onerror=alert(1)>"


def of_kind(notebook: Any, kind: str) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def test_every_kind_of_step() -> None:
    made = notebook_of(make_trace("What is \\(6 * 7\\)?"), verdict="correct", gold="42")
    nbformat.validate(made)
    kinds = [cell.cell_type for cell in made.cells]
    assert kinds == ["markdown", "code", "markdown", "markdown", "markdown", "markdown"]
    head, code, thought, said, failed, end = made.cells
    assert head.source.startswith("# Problem\n\nWhat is $6 * 7$?\n\n` m `")
    assert code.source == "6 * 7"
    assert code.execution_count == 1
    assert [output.data["text/plain"] for output in code.outputs] == ["42"]
    assert code.outputs[0].output_type == "execute_result"
    assert thought.source == "<details>\n<summary>Thinking</summary>\n\nI think\n\n</details>"
    assert said.source == "Größe ∑ 中文: $\\boxed{42}$."
    assert failed.source == "> **Failure:** the stream was cut try again"
    assert end.source.startswith("**Answer:** 42\n\n**✓ correct**, expected 42\n\n` answer `")
    assert made.metadata.kernelspec.name == NAME
    assert made.metadata.mathagent.trace
    assert made.metadata.mathagent.verdict == "correct"


def test_the_same_trace_gives_the_same_bytes() -> None:
    trace = make_trace()
    assert nbformat.writes(notebook_of(trace)) == nbformat.writes(notebook_of(trace))


def test_outputs_of_every_kind() -> None:
    result = CellResult(
        "error",
        stdout="out\n",
        stderr="err\n",
        result="fig",
        displays=({"image/png": PNG, "text/plain": "<Figure>"}, {"text/plain": "fig", "text/latex": "$x$"}),
        error=CellError("ValueError", "no", "Traceback\nValueError: no"),
        detail="one line",
    )
    (code,) = of_kind(notebook_of(trace_of(("f()", result))), "code")
    kinds = [output.output_type for output in code.outputs]
    assert kinds == ["stream", "stream", "display_data", "execute_result", "error", "stream"]
    assert code.outputs[2].data["image/png"] == PNG
    assert code.outputs[3].data["text/latex"] == "$x$"
    assert code.outputs[4].traceback == ["Traceback", "ValueError: no"]
    assert code.outputs[5].text == "[one line]\n"
    assert code.metadata.tags == ["raises-exception"]


def test_nothing_that_a_model_or_a_cell_wrote_can_act() -> None:
    bundle = {
        "text/html": ATTACK,
        "image/svg+xml": f"<svg>{ATTACK}</svg>",
        "application/javascript": "alert(1)",
        "application/vnd.jupyter.widget-view+json": {"model_id": "x"},
        "text/markdown": f"**so** {ATTACK}",
        "text/latex": r"$\href{javascript:alert(1)}{x}$",
        "image/png": f'"{ATTACK}',
        "text/plain": ATTACK,
    }
    results = (CellResult("ok", displays=(bundle,)), CellResult("ok", displays=({"text/html": ATTACK},)))
    trace = trace_of(ATTACK, *(("f()", result) for result in results), (ATTACK, None), ATTACK, problem=ATTACK)
    trace.answer = trace.problem.id = trace.model.name = trace.finish.detail = ATTACK
    made = notebook_of(trace, verdict="wrong", gold=f"x_1 {ATTACK}")
    for cell in of_kind(made, "markdown"):
        assert "<img" not in cell.source.replace(f"` {ATTACK} `", "")  # the model's name is in code
    first, second = (cell.outputs[0] for cell in of_kind(made, "code"))
    assert set(first.data) == {"text/plain", "text/markdown"}
    assert "<" not in first.data["text/markdown"]
    assert first.metadata.mathagent.left_out == sorted(set(bundle) - {"text/plain", "text/markdown"})
    assert second.data == {"text/plain": "[text/html: left out, run the cell to see it]"}


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (CellResult("timeout", stdout="so far\n", detail="longer than 1 s"), "ran out of time"),
        (CellResult("died", detail="the kernel died"), "ended its kernel"),
        (CellResult("interrupted"), "was interrupted"),
        (CellResult("output_limit", stdout="x"), "wrote more than it may"),
        (CellResult("error", error=CellError("InvalidCall", "no <code>", "")), "was not run.* no &lt;code>"),
        (None, "was not run"),
    ],
)
def test_a_cell_that_did_not_end_by_itself_is_not_run_again(result: CellResult | None, says: str) -> None:
    made = notebook_of(trace_of(("while True: pass", result), ("1", CellResult("ok", result="1"))))
    (raw,) = of_kind(made, "raw")
    assert raw.source == "while True: pass"
    after = made.cells[made.cells.index(raw) + 1].source
    assert says in after
    assert "so far" in after if result is not None and result.stdout == "so far\n" else True
    assert of_kind(made, "code")[0].metadata.tags == ["raises-exception"]  # it may need what that one did


async def test_it_runs_again_in_the_sandbox_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored, read again and executed through the kernelspec that it names; state, values and errors come again."""
    install(prefix=str(tmp_path), policy={"min_level": probe().level})
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    cells = [
        "from sympy import *\nx = symbols('x')\nprint('begun')",
        "1/0",
        "Integral(x**2, x).doit()",
        "import os; os._exit(1)",
        "x",
        "1 + 1",
    ]
    path = tmp_path / "trace.ipynb"
    nbformat.write(notebook_of(await ran(cells)), path)
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    before = [(cell.source, plain(cell)) for cell in of_kind(stored, "code")]
    again = await NotebookClient(
        nbformat.read(path, as_version=4), timeout=60, kernel_name=stored.metadata.kernelspec.name
    ).async_execute()
    after = [(cell.source, plain(cell)) for cell in of_kind(again, "code")]
    assert [source for source, _ in before] == [cells[0], cells[1], cells[2], cells[4], cells[5]]
    assert before[0] == (cells[0], ["begun\n"])
    assert before[2] == (cells[2], ["x**3/3"])
    assert before[3] == (cells[4], ["NameError"])  # the kernel had died
    assert before[:3] == after[:3]
    assert before[4] == after[4]


def plain(cell: Any) -> list[str]:
    """The outputs of a cell in short."""
    return [
        output.get("text") or output.get("ename") or output["data"]["text/plain"] for output in cell.outputs
    ]
