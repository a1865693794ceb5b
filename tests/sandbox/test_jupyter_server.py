"""Sandboxed kernels of a Jupyter server, the part of JupyterLab that starts kernels, over its REST and websockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.netutil import Resolver
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

from kernels_sandbox import probe
from kernels_sandbox.provisioner import NAME, install

PATIENCE = 60.0
"""Seconds to wait for anything: a loaded machine may take many."""


class _OneSocket(Resolver):
    """Every address is the server's socket: no port that somebody else could take."""

    def initialize(self, path: Path) -> None:
        """Tornado's way of `__init__`."""
        self._path = path

    async def resolve(self, host: str, port: int, family: Any = 0) -> list[tuple[int, Any]]:
        """Where to connect."""
        return [(socket.AF_UNIX, str(self._path))]


class Server:
    """A running Jupyter server whose files, sockets and settings are all below one folder."""

    def __init__(self, folder: Path) -> None:
        install(prefix=str(folder), policy={"min_level": probe().level, "memory_mb": 1024})
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self._token = secrets.token_hex(8)
        self._log = folder / "log"
        self._resolver = _OneSocket(path=folder / "socket")
        self._client = SimpleAsyncHTTPClient(force_instance=True, resolver=self._resolver)
        environment = {
            **os.environ,
            "JUPYTER_PATH": str(folder / "share" / "jupyter"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "TMPDIR": str(self.temporary),
        }
        options = [f"--ServerApp.sock={folder / 'socket'}", f"--IdentityProvider.token={self._token}"]
        options += [f"--ServerApp.root_dir={folder}", "--ServerApp.open_browser=False", "--allow-root"]
        options += ["--KernelRestarter.time_to_dead=0.5"]  # seconds between its looks at whether kernels live
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyter_server", *options],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    async def ask(self, method: str, place: str, **body: Any) -> Any:
        """A request; the answer's JSON, None where it has none. Raises HTTPClientError."""
        request = HTTPRequest(
            f"http://localhost/api{place}",
            method,
            headers={"Authorization": f"token {self._token}"},
            body=json.dumps(body) if method == "POST" else None,
            request_timeout=PATIENCE,
        )
        try:
            answer = await self._client.fetch(request)
        except HTTPClientError as error:
            error.add_note(self._log.read_text(errors="replace"))
            raise
        return json.loads(answer.body) if answer.body else None

    async def ready(self) -> None:
        """Wait until it answers."""

        async def answers() -> bool:
            assert self.process.poll() is None, self._log.read_text()
            with contextlib.suppress(OSError, HTTPClientError):
                await self.ask("GET", "/status")
                return True
            return False

        await eventually(answers, "the server answers")

    @contextlib.asynccontextmanager
    async def kernel(self, identity: str) -> AsyncIterator[Kernel]:
        """A connection to a running kernel."""
        request = HTTPRequest(
            f"ws://localhost/api/kernels/{identity}/channels",
            headers={"Authorization": f"token {self._token}"},
        )
        connection = await websocket_connect(request, resolver=self._resolver)
        try:
            yield Kernel(connection)
        finally:
            connection.close()

    def family(self) -> list[psutil.Process]:
        """Every process that the server has started, and theirs."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def left(self) -> list[str]:
        """Names of the temporary files and folders of kernels."""
        return [path.name for path in self.temporary.iterdir() if path.name.startswith("kernels-")]

    async def clean(self) -> bool:
        """Whether no kernel has left a process or a file."""
        return not self.left() and not self.family()


class Kernel:
    """A kernel as a notebook's web page talks to it."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self._connection = connection

    async def begin(self, code: str) -> str:
        """Ask for a cell; returns the request's id."""
        identity = uuid.uuid4().hex
        header = {
            "msg_id": identity,
            "msg_type": "execute_request",
            "session": "page",
            "username": "",
            "version": "5.3",
        }
        # Without stop_on_error a cell that comes soon after an error would not be run.
        content = {"code": code, "silent": False, "allow_stdin": False, "stop_on_error": False}
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
        }
        await self._connection.write_message(json.dumps(message))
        return identity

    async def read(self, identity: str | None, kind: str) -> dict[str, Any]:
        """The content of the next message of this kind that answers the request; None: that answers none."""
        while True:
            frame = await asyncio.wait_for(self._connection.read_message(), PATIENCE)
            assert frame is not None, "the server closed the connection"
            message = json.loads(frame)
            if message["parent_header"].get("msg_id") == identity and message["msg_type"] == kind:
                content: dict[str, Any] = message["content"]
                return content

    async def run(self, code: str) -> dict[str, Any]:
        """Run a cell to its reply."""
        return await self.read(await self.begin(code), "execute_reply")

    async def value(self, code: str) -> str:
        """Run a cell; what its last expression shows."""
        result = await self.read(await self.begin(code), "execute_result")
        return str(result["data"]["text/plain"])


async def eventually(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not await condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE:g} s: {what}"
        await asyncio.sleep(0.05)


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server, ended with the block."""
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:  # a short path: sockets go below it
        server = Server(Path(folder))
        try:
            yield server
        finally:
            server.process.terminate()
            server.process.wait(timeout=PATIENCE)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for all tests that leave it whole."""
    with running() as server:
        yield server


@pytest.fixture
async def identity(server: Server) -> AsyncIterator[str]:
    """A kernel of our kernelspec, shut down over the interface; nothing may be left of it."""
    await server.ready()
    identity = (await server.ask("POST", "/kernels", name=NAME))["id"]
    assert server.family()
    assert server.left()
    yield identity
    await server.ask("DELETE", f"/kernels/{identity}")
    assert await server.ask("GET", "/kernels") == []
    await eventually(server.clean, "no process and no file of the kernel is left")


async def test_the_kernelspec_is_offered(server: Server) -> None:
    await server.ready()
    specs = (await server.ask("GET", "/kernelspecs"))["kernelspecs"]
    assert specs[NAME]["spec"]["display_name"] == "Python (sandbox)"


async def test_cells_interrupt_and_restart(server: Server, identity: str) -> None:
    async with server.kernel(identity) as kernel:
        assert (await kernel.run("import sympy; x = sympy.Symbol('x')"))["status"] == "ok"
        assert await kernel.value("sympy.solve(x**2 - 5*x + 6, x)") == "[2, 3]"
        endless = await kernel.begin("print('begun', flush=True)\nwhile True: pass")
        assert (await kernel.read(endless, "stream"))["text"] == "begun\n"
        await server.ask("POST", f"/kernels/{identity}/interrupt")
        assert (await kernel.read(endless, "execute_reply"))["ename"] == "KeyboardInterrupt"
        assert await kernel.value("x") == "x"
        assert (await server.ask("POST", f"/kernels/{identity}/restart"))["id"] == identity
    async with server.kernel(identity) as kernel:
        assert (await kernel.run("x"))["ename"] == "NameError"
        assert await kernel.value("6 * 7") == "42"
        if probe().level == "namespaces":
            assert await kernel.value("__import__('os').path.exists('/home')") == "False"


async def test_a_page_that_stays_open_sees_the_first_output_after_a_restart(
    server: Server, identity: str
) -> None:
    """A kernel that is ready before its clients are connected again would lose it."""
    async with server.kernel(identity) as kernel:
        for number in range(5):
            await server.ask("POST", f"/kernels/{identity}/restart")
            assert await kernel.value(f"{number} + 1") == str(number + 1)


async def test_a_kernel_that_dies_is_put_back(server: Server, identity: str) -> None:
    async with server.kernel(identity) as kernel:
        assert (await kernel.run("x = 1"))["status"] == "ok"
        await kernel.begin("import os; os._exit(1)")
        while (await kernel.read(None, "status"))["execution_state"] != "restarting":
            pass

        async def back() -> bool:
            with contextlib.suppress(TimeoutError):
                reply = await asyncio.wait_for(kernel.run("x"), 5)
                return bool(reply.get("ename") == "NameError")
            return False

        await eventually(back, "the server has started the kernel again")


async def test_a_notebook_session(server: Server) -> None:
    """As JupyterLab opens a notebook: the session starts the kernel and ends it."""
    await server.ready()
    session = await server.ask(
        "POST", "/sessions", path="a.ipynb", name="a.ipynb", type="notebook", kernel={"name": NAME}
    )
    async with server.kernel(session["kernel"]["id"]) as kernel:
        assert await kernel.value("6 * 7") == "42"
    await server.ask("DELETE", f"/sessions/{session['id']}")
    await eventually(server.clean, "no process and no file of the session is left")


async def test_no_kernel_survives_a_killed_server() -> None:
    with running() as server:
        await server.ready()
        identity = (await server.ask("POST", "/kernels", name=NAME))["id"]
        async with server.kernel(identity) as kernel:
            assert await kernel.value("6 * 7") == "42"
            await kernel.begin("while True: pass")
            family = server.family()
            assert family
            server.process.kill()

            async def gone() -> bool:
                return not any(map(lives, family))

            await eventually(gone, "no process of the killed server's kernel is left")


def lives(process: psutil.Process) -> bool:
    """Whether it runs: one that has ended may wait to be collected."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
