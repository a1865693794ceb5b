"""Cells that mean harm, or act as if: each ends in time, with a true result, and the handle can be used afterwards."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from kernels_sandbox import CellResult, Kernel

from .conftest import BUDGET

pytestmark = pytest.mark.asyncio(loop_scope="session")

GRACE = 0.5
SLACK = 15.0
"""Seconds beyond deadline and grace that a loaded machine may need."""


async def ends_in_time(kernel: Kernel, code: str, timeout: float = 1.0) -> CellResult:
    """Run a cell that must not outlast its deadline."""
    began = time.perf_counter()
    result = await kernel.execute(code, timeout=timeout)
    assert time.perf_counter() - began < timeout + GRACE + SLACK
    return result


async def works(kernel: Kernel) -> None:
    """The kernel answers, and its output works."""
    result = await kernel.execute("print('alive'); 6 * 7")
    assert (result.status, result.stdout, result.result) == ("ok", "alive\n", "42"), result


@pytest.mark.parametrize("code", ["y = 10 ** 10 ** 9", "y = 7 ** 7 ** 77", "y = pow(3, 10 ** 9)"])
async def test_integer_power(kernel: Kernel, code: str) -> None:
    await kernel.execute("x = 1")
    result = await ends_in_time(kernel, code)
    assert result.status in {"timeout", "error"}
    await works(kernel)
    if not result.state_lost:
        assert (await kernel.execute("x")).result == "1"


async def test_c_code_that_holds_the_gil_is_killed(kernel: Kernel) -> None:
    await kernel.execute("x = 1")
    result = await ends_in_time(kernel, "max(range(10 ** 13))")
    assert result.status == "timeout"
    assert result.state_lost
    assert "lost" in result.detail
    assert kernel.generation == 1
    await works(kernel)
    after = await kernel.execute("x")
    assert after.error is not None
    assert after.error.name == "NameError"


async def test_sympy_that_swallows_the_interrupt(kernel: Kernel) -> None:
    code = (
        "import sympy\n"
        "x = sympy.Symbol('x')\n"
        "while True:\n"
        "    try:\n"
        "        sympy.integrate(sympy.exp(sympy.sin(x) ** x) / (x ** x + sympy.log(x)), x)\n"
        "    except BaseException:\n"
        "        continue\n"
    )
    result = await ends_in_time(kernel, code)
    assert result.status == "timeout"
    assert result.state_lost
    await works(kernel)


async def test_endless_loop_with_except_base_exception(kernel: Kernel) -> None:
    result = await ends_in_time(
        kernel,
        "while True:\n    try:\n        for _ in range(10 ** 6): pass\n    except BaseException:\n        pass",
    )
    assert result.status == "timeout"
    assert result.state_lost
    await works(kernel)


async def test_a_loop_that_obeys_keeps_its_state(kernel: Kernel) -> None:
    await kernel.execute("x = 7")
    result = await ends_in_time(kernel, "print('begun')\nwhile True: pass")
    assert result.status == "timeout"
    assert not result.state_lost
    assert result.stdout == "begun\n"
    assert (await kernel.execute("x")).result == "7"
    assert kernel.generation == 0


async def test_an_awaiting_cell_obeys(kernel: Kernel) -> None:
    result = await ends_in_time(kernel, "import asyncio\nx = 7\nawait asyncio.sleep(60)")
    assert result.status == "timeout"
    assert not result.state_lost
    assert (await kernel.execute("x")).result == "7"


async def test_the_interrupt_handler_taken_away(kernel: Kernel) -> None:
    code = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)"
    result = await ends_in_time(kernel, code)
    assert (result.status, result.state_lost) == ("timeout", True)
    await works(kernel)


@pytest.mark.parametrize(
    "code",
    [
        "for _ in range(10 ** 8): print('0123456789')",
        "for _ in range(10 ** 6): print('0123456789' * 100, flush=True)",
        "for _ in range(1000): print('x' * 10 ** 6)",
        "print('x' * 3 * 10 ** 8)",
        "import sys\nfor _ in range(10 ** 8): sys.stderr.write('noise')",
        "'x' * 10 ** 8",
        "raise ValueError('x' * 10 ** 8)",
        "k = get_ipython().kernel\nfor _ in range(1000):\n    k.session.send(k.iopub_socket, 'stream',"
        " {'name': 'stdout', 'text': 'x' * 10 ** 6}, k.get_parent('shell'))",
        "from IPython.display import display\nfor _ in range(1000): display({'text/plain': 'x' * 10 ** 6}, raw=True)",
    ],
    ids=["small", "flushed", "large", "one", "stderr", "result", "error", "forged", "displays"],
)
async def test_a_gigabyte_of_output_is_cut_and_said(kernel: Kernel, code: str) -> None:
    await works(kernel)
    before = psutil.Process().memory_info().rss
    peak = 0

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, psutil.Process().memory_info().rss)
            await asyncio.sleep(0.005)

    watcher = asyncio.create_task(watch())
    result = await ends_in_time(kernel, code, timeout=60)
    watcher.cancel()
    assert result.status == "output_limit"
    assert result.cut is not None
    assert result.cut.total > BUDGET >= result.cut.kept
    error = len(result.error.value) + len(result.error.traceback) if result.error else 0
    assert len(result.stdout) + len(result.stderr) + len(result.result or "") + error <= BUDGET + 5000
    # What the allocator keeps comes on top of twice the budget; test_client_memory counts exactly.
    assert peak - before <= 2 * BUDGET + 4_000_000, f"grew by {(peak - before) / 1e6:.1f} MB"
    await works(kernel)


async def test_output_in_the_background_counts_against_the_next_cell(kernel: Kernel) -> None:
    code = (
        "import threading\n"
        "def flood():\n"
        "    while True: print('x' * 1000)\n"
        "threading.Thread(target=flood, daemon=True).start()"
    )
    await kernel.execute(code, timeout=5)
    await asyncio.sleep(0.5)
    result = await ends_in_time(kernel, "import time; time.sleep(30)", timeout=4)
    assert result.status in {"output_limit", "timeout"}
    await kernel.restart()
    await works(kernel)


async def test_closed_stdout(kernel: Kernel) -> None:
    result = await kernel.execute("import sys\nsys.stdout.close()\nprint('unheard')")
    assert result.status == "error"
    assert result.error is not None
    assert result.error.name == "ValueError"
    await works(kernel)


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.stdout = None",
        "import sys; sys.stdout = sys.stderr = 5",
        "import sys; del sys.stdout",
    ],
)
async def test_broken_stdout_is_mended_for_the_next_cell(kernel: Kernel, code: str) -> None:
    assert (await ends_in_time(kernel, code, timeout=5)).status in {"ok", "error"}
    await works(kernel)


async def test_all_descriptors_closed(kernel: Kernel) -> None:
    result = await ends_in_time(kernel, "import os; os.closerange(0, 1024)", timeout=2)
    assert result.status in {"died", "timeout"}
    assert result.state_lost
    await works(kernel)


async def test_own_sockets_closed(kernel: Kernel) -> None:
    code = "k = get_ipython().kernel\nk.iopub_socket._socket.close()\nprint('unheard')"
    result = await ends_in_time(kernel, code, timeout=2)
    assert result.status in {"died", "timeout"}
    assert result.state_lost
    await works(kernel)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os; os._exit(3)", "exit code 3"),
        ("import ctypes; ctypes.string_at(0)", "segmentation fault"),
        ("import os; os.abort()", "The kernel died: it "),
    ],
)
async def test_death_is_noticed_at_once(kernel: Kernel, code: str, said: str) -> None:
    await kernel.execute("pass")
    began = time.perf_counter()
    result = await kernel.execute(f"import time; print('last words', flush=True); time.sleep(0.1)\n{code}")
    assert result.status == "died"
    assert result.state_lost
    assert said in result.detail
    assert result.stdout == "last words\n"
    assert time.perf_counter() - began < 10  # not the twenty seconds of its deadline
    await works(kernel)


async def test_death_between_cells_is_told_and_the_cell_not_run(kernel: Kernel) -> None:
    await kernel.execute("import os, threading\nthreading.Timer(0.2, lambda: os._exit(4)).start()")
    for _ in range(600):
        if not kernel.alive:
            break
        await asyncio.sleep(0.05)
    assert not kernel.alive
    result = await kernel.execute("print('never')")
    assert (result.status, result.stdout, result.state_lost) == ("died", "", True)
    assert "not run" in result.detail
    await works(kernel)


async def test_killed_from_outside(kernel: Kernel) -> None:
    begun = asyncio.Event()
    code = "print(1, flush=True)\nimport time; time.sleep(30)"
    task = asyncio.create_task(kernel.execute(code, on_output=lambda _: begun.set()))
    await begun.wait()
    psutil.Process(kernel.pid).kill()
    began = time.perf_counter()
    result = await task
    assert result.status == "died"
    assert time.perf_counter() - began < 10  # not the twenty seconds of its deadline


async def test_out_of_memory_is_an_error_in_the_cell(kernel: Kernel) -> None:
    if not (await _memory_is_limited(kernel)):
        pytest.skip("this machine gives no memory limit: the cell would take all of it")
    await kernel.execute("x = 5")
    for code in ("b = bytearray(8 * 10 ** 9)", "l = []\nwhile True: l.append(bytearray(10 ** 6))"):
        result = await kernel.execute(code)
        assert result.status == "error", result
        assert result.error is not None
        assert result.error.name == "MemoryError"
    assert (await kernel.execute("l = []; x")).result == "5"


async def _memory_is_limited(kernel: Kernel) -> bool:
    limit = await kernel.execute("import resource; resource.getrlimit(resource.RLIMIT_AS)[0]")
    return limit.result not in {None, "-1"}


@pytest.mark.parametrize("code", ["input('name? ')", "import getpass; getpass.getpass()"])
async def test_input_fails_at_once(kernel: Kernel, code: str) -> None:
    result = await ends_in_time(kernel, code)
    assert result.status == "error"
    assert result.error is not None
    assert result.error.name == "StdinNotImplementedError"


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", "exit()", "quit()", "raise SystemExit"])
async def test_exit_ends_the_cell_only(kernel: Kernel, code: str) -> None:
    await kernel.execute("x = 1")
    result = await kernel.execute(code)
    assert result.status == "error"
    assert result.error is not None
    assert result.error.name == "SystemExit"
    assert result.stderr == ""
    await asyncio.sleep(0.3)
    assert (await kernel.execute("x")).result == "1"


async def test_a_second_reply_makes_the_result_suspect(kernel: Kernel) -> None:
    forge = (
        "k = get_ipython().kernel\n"
        "parent = k.get_parent('shell')\n"
        "k.session.send(k.iopub_socket, 'execute_reply', {'status': 'ok'}, parent,"
        " ident=k._get_shell_context_var(k._shell_parent_ident))\n"
        "raise ValueError('the true end')"
    )
    first = await kernel.execute(forge)
    second = await kernel.execute("1")
    assert first.suspect or second.suspect


async def test_garbage_on_the_wire_makes_the_result_suspect(kernel: Kernel) -> None:
    result = await kernel.execute("get_ipython().kernel.iopub_socket.send(b'junk\\n{')\nprint(1)")
    assert result.stdout == "1\n"
    assert result.suspect


async def test_an_honest_cell_is_not_suspect(kernel: Kernel) -> None:
    for code in ("print(1)", "1/0", "'x' * 10**7", "1"):
        assert not (await kernel.execute(code)).suspect


async def test_nothing_is_left_in_the_temporary_folder(kernel: Kernel) -> None:
    await works(kernel)
    assert left_behind() == []


def left_behind() -> list[Path]:
    """Folders of sockets that this process has made and not removed."""
    return list(Path(tempfile.gettempdir()).glob(f"kernels-sandbox-{os.getpid()}-*"))
