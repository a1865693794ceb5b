"""Other ways to run a session of three cells: stock ipykernel, plain Python, an HTTP server that forks, smolagents.

Each is an asynchronous context manager that gives a function for one session, or None where what it needs is not
installed. A session checks its answers: a fast wrong one does not count.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from importlib.util import find_spec

from kernels_sandbox.benchmark.starts import SOLVE
from kernels_sandbox.benchmark.stock import StockKernel
from kernels_sandbox.errors import SandboxError
from kernels_sandbox.pool import KernelPool

CELLS = (SOLVE, "sympy.expand((x + 1) ** 3)", "1/0")
"""A session of three cells: imports and work, state used again, an error."""

ANSWERS = ("[2, 3]", "x**3 + 3*x**2 + 3*x + 1", "ZeroDivisionError")

PATIENCE = 600.0
"""Seconds for one cell: with many at a time on one core the last one waits long."""

Session = Callable[[], Awaitable[None]]
Peer = Callable[[], AbstractAsyncContextManager[Session | None]]


def check(number: int, said: str) -> None:
    """Raise SandboxError unless the output of cell `number` has its answer in it."""
    if ANSWERS[number] not in said:
        raise SandboxError(f"cell {number} gave a wrong answer: {said!r}")


def sandbox(pool: KernelPool) -> Session:
    """Ours: a kernel forked for each session."""

    async def session() -> None:
        async with pool.kernel() as kernel:
            for number, code in enumerate(CELLS):
                result = await kernel.execute(code, timeout=PATIENCE)
                check(number, result.error.name if result.error else result.result or "")

    return session


@contextlib.asynccontextmanager
async def stock() -> AsyncIterator[Session]:
    """An ipykernel as jupyter_client starts it."""

    async def session() -> None:
        async with StockKernel() as kernel:
            for number, code in enumerate(CELLS):
                check(number, await kernel.execute(code))

    yield session


@contextlib.asynccontextmanager
async def plain() -> AsyncIterator[Session]:
    """The three cells as one program of a fresh interpreter."""
    code = f"{SOLVE.replace('sympy.solve', 'print(sympy.solve')})\nprint({CELLS[1]})\n{CELLS[2]}"

    async def session() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said, _ = await process.communicate()
        for number in range(len(CELLS)):
            check(number, said.decode())

    yield session


@contextlib.asynccontextmanager
async def forking_server() -> AsyncIterator[Session | None]:
    """See peer_server.py."""
    if find_spec("flask") is None or find_spec("httpx") is None:
        yield None
        return
    import httpx

    with tempfile.TemporaryDirectory() as folder:  # IPython keeps a history: not the user's
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kernels_sandbox.benchmark.peer_server",
            env={**os.environ, "IPYTHONDIR": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert process.stdout is not None
            port = int(await process.stdout.readline())
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, limits=limits, trust_env=False
            ) as client:

                async def session() -> None:
                    name = uuid.uuid4().hex
                    for number, code in enumerate(CELLS):
                        body = {"code": code, "timeout": PATIENCE}
                        answer = await client.post("/execute", json=body, headers={"X-Session-ID": name})
                        said = answer.raise_for_status().json()
                        check(number, said["stdout"] + said["stderr"])
                    (await client.delete(f"/sessions/{name}")).raise_for_status()

                await session()  # it is up
                yield session
        finally:
            process.terminate()
            await process.wait()


@contextlib.asynccontextmanager
async def smolagents() -> AsyncIterator[Session | None]:
    """The local executor of smolagents, which interprets a subset of Python in this very process."""
    if find_spec("smolagents") is None:
        yield None
        return
    module = import_module("smolagents.local_python_executor")

    async def session() -> None:
        executor = module.LocalPythonExecutor(["sympy", "numpy"])
        executor.send_tools({})
        for number, code in enumerate(CELLS):
            try:
                check(number, str(executor(code).output))
            except module.InterpreterError as error:
                check(number, str(error))

    yield session
