"""Jupyter clients in the sandbox, through the installed kernelspec and the provisioner's entry point."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from kernels_sandbox import probe
from kernels_sandbox.provisioner import NAME, install


@pytest.fixture
def kernelspec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kernelspec, installed where only this test sees it."""
    install(prefix=str(tmp_path), policy={"min_level": probe().level, "memory_mb": 1024})
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    return NAME


@pytest.fixture
async def manager(kernelspec: str) -> AsyncIterator[AsyncKernelManager]:
    """A running kernel, as a Jupyter server holds one."""
    manager = AsyncKernelManager(kernel_name=kernelspec)
    await manager.start_kernel()
    yield manager
    await manager.shutdown_kernel(now=True)


async def run(
    manager: AsyncKernelManager, code: str, begun: asyncio.Event | None = None
) -> dict[str, object]:
    """Execute one cell with jupyter_client's own client; `begun` is set at its first output."""

    def note(message: dict[str, object]) -> None:
        if begun is not None and message["msg_type"] == "stream":
            begun.set()

    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        reply = await client.execute_interactive(code, timeout=60, output_hook=note, allow_stdin=False)
        content: dict[str, object] = reply["content"]
        return content
    finally:
        client.stop_channels()


async def test_nbclient_runs_a_notebook(kernelspec: str) -> None:
    cells = [
        "import os, sympy\nx = sympy.Symbol('x')\nsympy.solve(x**2 - 5*x + 6, x)",
        "print(os.environ.get('HOME'), os.path.exists('/root/.bashrc'))",
        "from IPython.display import HTML\nHTML('<b>bold</b>')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=60, kernel_name=kernelspec)
    await client.async_execute()
    first, second, third = (cell.outputs[0] for cell in notebook.cells)
    assert first["data"]["text/plain"] == "[2, 3]"
    assert "False" in second["text"] or probe().level != "namespaces"
    assert third["data"]["text/html"] == "<b>bold</b>"


async def test_nbclient_sees_errors_and_dead_kernels(kernelspec: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1/0")])
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        await NotebookClient(notebook, timeout=60, kernel_name=kernelspec).async_execute()


async def test_interrupt_restart_and_death(manager: AsyncKernelManager) -> None:
    assert (await run(manager, "x = 1"))["status"] == "ok"
    begun = asyncio.Event()
    task = asyncio.create_task(run(manager, "print(1, flush=True)\nwhile True: pass", begun))
    await begun.wait()
    await manager.interrupt_kernel()
    assert (await task)["ename"] == "KeyboardInterrupt"
    assert (await run(manager, "x"))["status"] == "ok"
    await manager.restart_kernel(now=True)
    assert (await run(manager, "x"))["ename"] == "NameError"
    assert await manager.is_alive()
    client = manager.client()
    client.start_channels()
    client.execute("import os; os._exit(1)")
    for _ in range(600):
        if not await manager.is_alive():
            break
        await asyncio.sleep(0.05)
    client.stop_channels()
    assert not await manager.is_alive()


async def test_polite_shutdown(kernelspec: str) -> None:
    manager = AsyncKernelManager(kernel_name=kernelspec)
    await manager.start_kernel()
    assert (await run(manager, "1"))["status"] == "ok"
    folder = Path(manager.ip).parent
    await manager.shutdown_kernel()
    assert not folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="pexpect drives terminals of POSIX systems")
def test_jupyter_console(kernelspec: str) -> None:
    pexpect = pytest.importorskip("pexpect")
    console = pexpect.spawn(
        sys.executable,
        ["-m", "jupyter_console", "--kernel", kernelspec, "--simple-prompt"],
        encoding="utf-8",
        timeout=60,
    )
    try:
        console.expect_exact("In [1]:")
        console.sendline("6 * 7")
        console.expect("Out.*42")
        console.expect_exact("In [2]:")
        console.sendline(
            "import os; print(sorted(os.listdir('/home')) if os.path.exists('/home') else 'no home')"
        )
        console.expect("no home" if probe().level == "namespaces" else "In ")
        console.sendline("exit")
        console.expect(pexpect.EOF)
    finally:
        console.close(force=True)
