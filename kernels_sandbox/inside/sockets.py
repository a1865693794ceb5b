"""The second step of a kernel's start, after the fork: sockets, threads, and serving requests.

The attributes set here are not ipykernel's API: see the version pin in pyproject.toml.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import warnings
from collections.abc import Mapping
from typing import Any

import zmq
from ipykernel.control import ControlThread
from ipykernel.heartbeat import Heartbeat
from ipykernel.iostream import IOPubThread
from tornado.ioloop import IOLoop
from zmq.eventloop.zmqstream import ZMQStream

from kernels_sandbox.inside.app import SandboxKernel
from kernels_sandbox.inside.output import Budget, BudgetStream


def serve(
    kernel: SandboxKernel, listeners: Mapping[str, int], *, budget: int, key: str = "", notebook: bool = False
) -> None:
    """Attach the kernel and answer requests until the process is killed or a notebook shuts it down.

    Args:
        kernel: made by `build`.
        listeners: descriptors of listening sockets: "shell" and "iopub", and "control", "stdin", "hb" if wanted.
        budget: bytes of output per cell.
        key: signs messages; empty for none.
        notebook: serve a Jupyter client: colours, long tracebacks, `exit()`; output is dropped rather than
            waited for. Otherwise the client is known to read, and to want plain text.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # between cells; ipykernel lets it through during a cell
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    kernel.session.key = key.encode()
    kernel.session.bound = budget
    kernel.session.session = os.urandom(16).hex()
    context = zmq.Context()
    _shell(kernel, context, listeners["shell"])
    _iopub(kernel, context, listeners["iopub"], budget, patient=not notebook)
    if notebook:
        _for_notebooks(kernel, context, listeners)
    else:
        _for_pools(kernel)
    kernel.start()
    loop.run_forever()
    time.sleep(0.05)  # the reply to shutdown_request is on its way in another thread


def _bind(context: zmq.Context[Any], kind: int, fd: int) -> zmq.Socket[Any]:
    socket = context.socket(kind)
    socket.linger = 1000
    if kind == zmq.ROUTER:
        socket.router_handover = True
    socket.setsockopt(zmq.USE_FD, fd)
    if kind != zmq.XPUB:
        socket.bind(_formality(fd))
    return socket


def _formality(fd: int) -> str:
    """A path for bind(): never used, because the socket listens already."""
    return f"ipc:///passed/{fd}"


def _shell(kernel: SandboxKernel, context: zmq.Context[Any], fd: int) -> None:
    kernel.shell_stream = ZMQStream(_bind(context, zmq.ROUTER, fd), IOLoop.current())


def _iopub(kernel: SandboxKernel, context: zmq.Context[Any], fd: int, budget: int, *, patient: bool) -> None:
    socket = _bind(context, zmq.XPUB, fd)
    if patient:
        socket.sndhwm = 64
        socket.setsockopt(zmq.XPUB_NODROP, 1)
    socket.bind(_formality(fd))
    thread = IOPubThread(socket, pipe=False, session=kernel.session)
    thread.start()
    kernel.budget = Budget(budget)
    kernel.streams = (
        BudgetStream(kernel.session, thread, "stdout", kernel.budget),
        BudgetStream(kernel.session, thread, "stderr", kernel.budget),
    )
    sys.stdout, sys.stderr = kernel.streams
    kernel._stdout, kernel._stderr = kernel.streams
    kernel.iopub_thread = thread
    kernel.iopub_socket = thread.background_socket
    kernel.shell.displayhook.pub_socket = kernel.iopub_socket
    kernel.shell.display_pub.pub_socket = kernel.iopub_socket


def _for_pools(kernel: SandboxKernel) -> None:
    for name in ("exit", "quit"):
        kernel.shell.user_ns[name] = _leave
        kernel.shell.user_ns_hidden[name] = _leave
    warnings.filterwarnings("ignore", message="To exit: use 'exit'")


def _leave() -> None:
    """`exit()` and `quit()` end the cell, not the kernel."""
    raise SystemExit("exit() ends the cell; the kernel goes on")


def _for_notebooks(kernel: SandboxKernel, context: zmq.Context[Any], listeners: Mapping[str, int]) -> None:
    kernel.shell.colors = "neutral"
    kernel.shell.run_line_magic("xmode", "Context")
    kernel.stdin_socket = _bind(context, zmq.ROUTER, listeners["stdin"])
    control = _bind(context, zmq.ROUTER, listeners["control"])
    kernel.control_thread = ControlThread(daemon=True)
    kernel.control_stream = ZMQStream(control, kernel.control_thread.io_loop)
    kernel.control_thread.start()
    _PassedHeartbeat(listeners["hb"]).start()


class _PassedHeartbeat(Heartbeat):
    """A heartbeat on a socket that listens already, with a context of its own: no GIL may hold it up."""

    def __init__(self, fd: int) -> None:
        super().__init__(zmq.Context(), ("ipc", "/passed", fd))
        self._fd = fd

    def _bind_socket(self) -> None:
        self.socket.setsockopt(zmq.USE_FD, self._fd)
        self.socket.bind(_formality(self._fd))
