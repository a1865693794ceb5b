"""Every notebook is valid, carries no outputs, and runs in the sandboxed kernel as a Jupyter user would run it."""

from __future__ import annotations

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
