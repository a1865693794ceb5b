"""What any backend of kernels must do, as checks that run on a real one: `python -m kernels_sandbox check`.

A backend is anything that hands out kernels as KernelPool does: `pool.kernel()` is an asynchronous context manager
around an object with `execute(code, timeout=...)` that returns a CellResult. Each check gets fresh kernels and
raises AssertionError with what was seen.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from kernels_sandbox.result import CellResult


class AnyKernel(Protocol):
    """What a check needs of a kernel."""

    async def execute(self, code: str, *, timeout: float | None = None) -> CellResult:
        """Run one cell."""
        ...


class Backend(Protocol):
    """What a check needs of a pool."""

    def kernel(self) -> AbstractAsyncContextManager[AnyKernel]:
        """A fresh kernel."""
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """One property. `isolation` marks those that hold only at the level "namespaces"."""

    name: str
    run: Callable[[Backend], Awaitable[None]]
    isolation: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a check ended: `problem` is "" where the property holds."""

    check: Check
    problem: str
    seconds: float


async def run_checks(backend: Backend, *, isolation: bool = True) -> AsyncIterator[Verdict]:
    """Run every check on the backend, one after another; without `isolation` only those that need none."""
    for check in CHECKS:
        if check.isolation and not isolation:
            continue
        began = time.perf_counter()
        try:
            await check.run(backend)
            problem = ""
        except AssertionError as error:
            problem = str(error) or "does not hold"
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        yield Verdict(check, problem, time.perf_counter() - began)


async def _cells(backend: Backend, *cells: str, timeout: float = 10) -> list[CellResult]:
    async with backend.kernel() as kernel:
        return [await kernel.execute(code, timeout=timeout) for code in cells]


def _expect(what: object, wanted: object, result: CellResult) -> None:
    if what != wanted:
        raise AssertionError(
            f"{what!r} instead of {wanted!r} ({result.status}: {result.detail or result.error})"
        )


async def _state(backend: Backend) -> None:
    _, result = await _cells(backend, "x = 20", "x + 22")
    _expect(result.result, "42", result)


async def _no_leak(backend: Backend) -> None:
    await _cells(backend, "leak = 1")
    (result,) = await _cells(backend, "'leak' in globals()")
    _expect(result.result, "False", result)


async def _streams(backend: Backend) -> None:
    (result,) = await _cells(backend, "import sys\nprint('out')\nprint('err', file=sys.stderr)\n'last'")
    _expect((result.stdout, result.stderr, result.result), ("out\n", "err\n", "'last'"), result)


async def _error(backend: Backend) -> None:
    result, after = await _cells(backend, "1/0", "6 * 7")
    _expect(result.error and result.error.name, "ZeroDivisionError", result)
    _expect(after.result, "42", after)


async def _stopped(backend: Backend, code: str) -> None:
    began = time.perf_counter()
    async with backend.kernel() as kernel:
        result = await kernel.execute(code, timeout=1)
        _expect(result.status, "timeout", result)
        after = await kernel.execute("6 * 7", timeout=10)
        _expect(after.result, "42", after)
    seconds = time.perf_counter() - began
    if seconds > 8:
        raise AssertionError(f"it took {seconds:.1f} s to end a cell with a deadline of 1 s")


async def _obeys(backend: Backend) -> None:
    async with backend.kernel() as kernel:
        await kernel.execute("x = 42", timeout=10)
        result = await kernel.execute("while True: pass", timeout=1)
        _expect((result.status, result.state_lost), ("timeout", False), result)
        after = await kernel.execute("x", timeout=10)
        _expect(after.result, "42", after)


async def _swallows(backend: Backend) -> None:
    await _stopped(
        backend, "while True:\n    try:\n        for _ in range(10**6): pass\n    except BaseException: pass"
    )


async def _holds_the_gil(backend: Backend) -> None:
    await _stopped(backend, "max(range(10**13))")


async def _flood(backend: Backend, code: str) -> None:
    result, after = await _cells(backend, code, "print('heard')", timeout=20)
    _expect(result.status, "output_limit", result)
    _expect(result.cut is not None and result.cut.kept >= len(result.stdout), True, result)
    _expect(after.stdout, "heard\n", after)


async def _small_flood(backend: Backend) -> None:
    await _flood(backend, "while True: print('0123456789')")


async def _large_flood(backend: Backend) -> None:
    await _flood(backend, "while True: print('x' * 10**6)")


async def _closed_stdout(backend: Backend) -> None:
    _, result = await _cells(backend, "import sys; sys.stdout.close()", "print('heard')")
    _expect(result.stdout, "heard\n", result)


async def _died(backend: Backend, code: str) -> None:
    result, after = await _cells(backend, code, "6 * 7")
    _expect((result.status, result.state_lost), ("died", True), result)
    if result.seconds > 1:
        raise AssertionError(f"the death was noticed after {result.seconds:.1f} s")
    _expect(after.result, "42", after)


async def _exits(backend: Backend) -> None:
    await _died(backend, "import os; os._exit(1)")


async def _crashes(backend: Backend) -> None:
    await _died(backend, "import ctypes; ctypes.string_at(0)")


async def _sys_exit(backend: Backend) -> None:
    _, result, after = await _cells(backend, "x = 42", "import sys; sys.exit(1)", "x")
    _expect(result.status, "error", result)
    _expect(after.result, "42", after)


async def _input(backend: Backend) -> None:
    (result,) = await _cells(backend, "input()", timeout=3)
    _expect(result.status, "error", result)


async def _memory(backend: Backend) -> None:
    result, after = await _cells(backend, "b = bytearray(64 * 10**9)", "6 * 7")
    _expect(result.status in {"error", "died"}, True, result)
    _expect(after.result, "42", after)


async def _refused(backend: Backend, code: str) -> None:
    (result,) = await _cells(backend, code)
    _expect(result.status, "error", result)


async def _no_network(backend: Backend) -> None:
    await _refused(backend, "import socket\nsocket.create_connection(('127.0.0.1', 22), timeout=2)")


async def _no_subprocess(backend: Backend) -> None:
    await _refused(backend, "import subprocess\nsubprocess.run(['true'])")


async def _no_writing(backend: Backend) -> None:
    await _refused(backend, "open('/usr/lib/x', 'w')")


async def _sees_nothing(backend: Backend) -> None:
    code = "import os\n[p for p in ('/home', '/etc/shadow', '/root/.ssh', '/var/log') if os.path.exists(p)]"
    (result,) = await _cells(backend, code)
    _expect(result.result, "[]", result)


async def _alone(backend: Backend) -> None:
    (result,) = await _cells(backend, "import os\n[p for p in os.listdir('/proc') if p.isdigit()]")
    _expect(result.result, "['1']", result)


CHECKS: tuple[Check, ...] = (
    Check("state persists between cells", _state),
    Check("nothing leaks to another kernel", _no_leak),
    Check("stdout, stderr and the last value are told apart", _streams),
    Check("an exception is reported and the kernel goes on", _error),
    Check("a loop that obeys is stopped, its state kept", _obeys),
    Check("a loop that swallows interrupts is stopped", _swallows),
    Check("C code that holds the GIL is stopped", _holds_the_gil),
    Check("a flood of small prints is cut, and said to be", _small_flood),
    Check("a flood of large prints is cut, and said to be", _large_flood),
    Check("a closed stdout is open again in the next cell", _closed_stdout),
    Check("os._exit is noticed at once", _exits),
    Check("a crash is noticed at once", _crashes),
    Check("sys.exit ends the cell only", _sys_exit),
    Check("input() fails at once", _input),
    Check("memory is limited", _memory),
    Check("no network", _no_network, isolation=True),
    Check("no subprocesses", _no_subprocess, isolation=True),
    Check("the system can't be written", _no_writing, isolation=True),
    Check("the user's files can't be seen", _sees_nothing, isolation=True),
    Check("no other process can be seen", _alone, isolation=True),
)
