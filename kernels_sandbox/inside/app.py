"""A kernel in two steps: everything that needs no socket and no thread first, the rest after the fork.

IPKernelApp does both at once, so it is not used; what it adds (connection files, Curve, the debugger) has no place in
a jail. This is the first step; the second is `line` for a pool's kernel, `sockets` for a notebook's.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from IPython.core.profiledir import ProfileDir
from traitlets.config import Config

from kernels_sandbox.inside.output import BoundedSession, Budget, BudgetStream

PIECE = "application/vnd.kernels-sandbox.piece+json"


class _NoSubshells:
    """Stands where ipykernel keeps its shell channel thread: false, but knows the main thread."""

    def __init__(self) -> None:
        self.parent_thread = threading.main_thread()

    def __bool__(self) -> bool:
        return False


class SandboxKernel(IPythonKernel):
    """IPythonKernel without subshells and debugger, whose cells can't break its output for the next cell."""

    shell: Any
    session: BoundedSession
    budget: Budget | None = None
    streams: tuple[BudgetStream, BudgetStream] | None = None

    @property
    def _supports_kernel_subshells(self) -> bool:
        return False

    def set_parent(self, ident: Any, parent: Any, channel: str = "shell") -> None:
        """A request begins: a cell finds its streams open, real and with a full budget."""
        if channel == "shell" and self.streams is not None and self.budget is not None:
            self.budget.reset()
            self._mend_streams()
        super().set_parent(ident, parent, channel)

    def _publish_execute_input(self, *args: Any) -> None:
        """Tell all clients what is run; a pool is the only one, and knows."""
        if self.control_stream is not None:
            super()._publish_execute_input(*args)

    def publish_by(self, thread: Any, socket: Any, budget: Budget) -> None:
        """Send all output by an IOPubThread, or what stands in for one, and its socket."""
        self.budget = self.session.budget = budget
        self.streams = (
            BudgetStream(self.session, thread, "stdout", budget),
            BudgetStream(self.session, thread, "stderr", budget),
        )
        self._stdout, self._stderr = self.streams
        self.iopub_thread, self.iopub_socket = thread, socket
        self.shell.displayhook.pub_socket = self.shell.display_pub.pub_socket = socket

    async def answer(self, request: dict[str, Any]) -> None:
        """Run the cell of an execute_request that came by the line (`inside.line`), one at a time."""
        async with self._main_asyncio_lock:
            self.set_parent([], request)
            self.pre_handler_hook()
            try:
                await self.execute_request(self.iopub_socket, [], request)
            except KeyboardInterrupt:  # it came between the cell and the reply, see do_execute
                failure = self._failure("KeyboardInterrupt", "")
                self.session.send(self.iopub_socket, "execute_reply", failure, request)
            finally:
                self.post_handler_hook()
            self._publish_status("idle", "shell")

    def send_file(self, path: str, start: int, length: int) -> None:
        """Publish a piece of a file: what `Kernel.collect` asks for."""
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(start)
            data = base64.b64encode(file.read(length)).decode("ascii")
        self.shell.display_pub.publish({PIECE: {"size": size, "data": data}})

    @contextlib.contextmanager
    def _cancel_on_sigint(self, future: asyncio.Future[Any]) -> Iterator[None]:
        """While a cell awaits, an interrupt cancels it. ipykernel's own way does not wake a loop that is asleep."""
        loop = asyncio.get_running_loop()
        before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(future.cancel))
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    async def do_execute(self, *args: Any, **kwargs: Any) -> Any:
        """Run a cell; there is a reply whatever it does to the machinery around it."""
        try:
            return await super().do_execute(*args, **kwargs)
        except asyncio.CancelledError:
            return self._failure("KeyboardInterrupt", "")  # how an interrupt ends a cell that awaits
        except BaseException as error:
            return self._failure(type(error).__name__, str(error))
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the cell is over: nothing may break its reply
            self._mend_streams()

    def _failure(self, name: str, value: str) -> dict[str, Any]:
        return {
            "status": "error",
            "ename": name,
            "evalue": value,
            "traceback": [f"{name}: {value}"],
            "execution_count": self.shell.execution_count,
            "user_expressions": {},
            "payload": [],
        }

    def _mend_streams(self) -> None:
        """The flush after a cell must not meet what the cell has put in the place of its streams."""
        if self.streams is not None:
            for name, stream in zip(("stdout", "stderr"), self.streams, strict=True):
                if getattr(sys, name, None) is not stream:
                    setattr(sys, name, stream)
                stream.reopen()


def build(folder: str, preload: Sequence[str]) -> SandboxKernel:
    """A kernel with its shell ready and `preload` imported; no thread, no socket.

    Args:
        folder: an existing folder for IPython's profile; it may vanish afterwards.
        preload: module names. One that can't be imported raises ImportError.
    """
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"
    config.Completer.use_jedi = False
    config.IPythonKernel._execute_sleep = 0.0
    log = logging.getLogger("kernels_sandbox.inside")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    session = BoundedSession(key=b"no key is needed: see kernels_sandbox.wire", check_pid=False)
    kernel = SandboxKernel.instance(
        config=config,
        session=session,
        log=log,
        profile_dir=ProfileDir(location=folder),
        user_ns={},
        shell_channel_thread=_NoSubshells(),
    )
    for name in preload:
        importlib.import_module(name)
    return kernel
