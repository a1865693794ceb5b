"""Every notebook is valid, carries no outputs, and runs in the sandboxed kernel as a Jupyter user would run it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from kernels_sandbox import probe
from kernels_sandbox.provisioner import NAME, install

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
async def test_the_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(prefix=str(tmp_path), policy={"min_level": probe().level})
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    await NotebookClient(notebook, timeout=60, kernel_name=NAME).async_execute()
    nbformat.validate(notebook)


async def test_the_sandboxed_kernel_says_no(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if probe().level != "namespaces":
        pytest.skip(f"this machine gives level {probe().level}: less is refused")
    install(prefix=str(tmp_path))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    path = next(path for path in NOTEBOOKS if path.stem == "sandboxed_kernel")
    notebook = await NotebookClient(
        nbformat.read(path, as_version=4), timeout=60, kernel_name=NAME
    ).async_execute()
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert outputs[0][0]["data"]["text/plain"] == "[2, 3]"
    assert "text/latex" in outputs[1][0]["data"]
    said = dict(line.split(": ", 1) for line in outputs[2][0]["text"].splitlines())
    assert said["connect"] == "PermissionError"
    assert said["home"] == "FileNotFoundError"
    assert said["passwords"] == "FileNotFoundError"
    assert said["program"] == "PermissionError"
    assert said["environment"] == "[]"
    assert outputs[3][-1]["data"]["text/plain"] == "'kept until the kernel ends'"


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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_papermill_runs_the_notebook_with_parameters(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
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
