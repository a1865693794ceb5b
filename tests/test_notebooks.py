"""Every notebook is valid, shows its outputs, and runs in its kernel as a Jupyter user would run it.

The quick start's model is a replay server, at the address where a reader would have one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from kernels_sandbox import probe
from kernels_sandbox.provisioner import NAME, install
from mathagent.shown import clean
from tests.cli.program import scripted
from tests.replay.fixtures import Replay, replay

__all__ = ["replay"]

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = {path.stem: path for path in sorted(FOLDER.glob("*.ipynb"))}
NATALIA = "Natalia sold clips"


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(cell: Any) -> str:
    """What a cell shows, as text without colours."""
    shown = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return clean("".join(shown))


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of somebody who has the notebooks, the kernel and the program."""
    install(prefix=str(tmp_path), policy={"min_level": probe().level})
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("MATHAGENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MATHAGENT_ISOLATION", probe().level)
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    shutil.copy(FOLDER / "sample_run.py", tmp_path)
    return tmp_path


async def executed(name: str, folder: Path) -> Any:
    """The notebook after a run in the kernel that it names; a cell that fails is an error."""
    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    kernel = notebook.metadata.kernelspec.name
    resources = {"metadata": {"path": str(folder)}}
    await NotebookClient(notebook, timeout=100, kernel_name=kernel, resources=resources).async_execute()
    nbformat.validate(notebook)
    return notebook


@pytest.mark.parametrize("path", NOTEBOOKS.values(), ids=NOTEBOOKS)
def test_the_notebook_is_valid_and_shows_its_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert any(cell.outputs for cell in cells)
    shown = "".join(map(text_of, cells))
    assert str(FOLDER.parent) not in shown
    assert str(Path.home()) not in shown


async def test_the_quick_start(reader: Path, replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "I add both months.\n```python\nprint(48 + 48 // 2)\n```\n"
    server = replay([scripted(NATALIA, code, "So it is $\\boxed{72}$.")])
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    solve, show, entry, steps, export = map(text_of, code_cells(await executed("quick_start", reader)))
    assert "answer: 72" in solve
    assert "48 // 2" in show
    assert entry.startswith("answer: 72 (correct), 1 rounds, ")
    assert [line.split()[2] for line in steps.splitlines() if "request" not in line] == [
        "text", "code", "output", "text",
    ]  # fmt: skip
    assert "1 of 1 cells say the same" in export
    nbformat.validate(nbformat.read(reader / "quick_start_trace.ipynb", as_version=4))


async def test_the_tour_shows_what_it_says(reader: Path) -> None:
    """Its runs are made by code with a set seed: every text comes out as it is stored."""
    stored = nbformat.read(NOTEBOOKS["tour_of_a_run"], as_version=4)
    again = await executed("tour_of_a_run", reader)
    for before, after in zip(code_cells(stored), code_cells(again), strict=True):
        assert text_of(after).split() == text_of(before).split(), before.source
    images = [
        output
        for cell in code_cells(again)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert len(images) == 2


async def test_the_sandboxed_kernel_says_no(reader: Path) -> None:
    if probe().level != "namespaces":
        pytest.skip(f"this machine gives level {probe().level}: less is refused")
    stored = nbformat.read(NOTEBOOKS["sandboxed_kernel"], as_version=4)
    notebook = await executed("sandboxed_kernel", reader)
    outputs = [cell.outputs for cell in code_cells(notebook)]
    assert outputs[0][0]["data"]["text/plain"] == "[2, 3]"
    assert "text/latex" in outputs[1][0]["data"]
    assert said(outputs[2]) == {
        "connect": "PermissionError",
        "home": "FileNotFoundError",
        "passwords": "FileNotFoundError",
        "program": "PermissionError",
        "environment": "[]",
    }
    assert outputs[3][-1]["data"]["text/plain"] == "'kept until the kernel ends'"
    assert said(outputs[4])["capabilities"] == "0"
    assert said(outputs[5])["8 GB"] == "MemoryError"
    assert outputs[5][-1]["data"]["text/plain"] == "[2, 3]"
    assert [text_of(cell) for cell in code_cells(stored)] == [text_of(cell) for cell in code_cells(notebook)]


def said(outputs: Any) -> dict[str, str]:
    """The lines `what: answer` that a cell has printed."""
    printed = "".join(output["text"] for output in outputs if output["output_type"] == "stream")
    return dict(line.split(": ", 1) for line in printed.splitlines())


SQUARES = "print('of this user:', __import__('os').environ.get('SECRET'))\n[k * k for k in range(n)]"


def papermill(
    notebook: nbformat.NotebookNode, folder: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    """Execute a notebook by the command `papermill`; the result is out.ipynb. Nothing may be left of its kernel."""
    install(prefix=str(folder), policy={"min_level": probe().level})
    nbformat.write(notebook, folder / "in.ipynb")
    with tempfile.TemporaryDirectory(prefix="pm-") as temporary:  # a short path: sockets go below it
        environment = {**os.environ, "JUPYTER_PATH": str(folder / "share" / "jupyter"), "TMPDIR": temporary}
        line = ["papermill", "in.ipynb", "out.ipynb", "--kernel", NAME, "--no-progress-bar", *options]
        done = subprocess.run(
            [sys.executable, "-m", *line],
            cwd=folder,
            env={**environment, "SECRET": "told"},
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert [path.name for path in Path(temporary).iterdir() if path.name.startswith("kernels-")] == []
    return done


def test_papermill_runs_the_notebook_with_parameters(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOKS["sandboxed_kernel"], as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(SQUARES))
    done = papermill(notebook, tmp_path, "-p", "n", "4")
    assert done.returncode == 0, done.stderr
    written = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    nbformat.validate(written)
    said, shown = written.cells[-1].outputs
    assert said["text"] == "of this user: None\n"
    assert shown["data"]["text/plain"] == "[0, 1, 4, 9]"


def test_papermill_reports_a_cell_that_fails(tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(code) for code in ("1/0", "never = 1")]
    done = papermill(nbformat.v4.new_notebook(cells=cells), tmp_path)
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stderr
    written = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert written.cells[-1].execution_count is None
