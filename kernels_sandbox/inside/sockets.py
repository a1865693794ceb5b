"""The second step of a notebook kernel's start, after the fork: ZeroMQ sockets and threads, as Jupyter clients expect.

The attributes set here are not ipykernel's API: see the version pin in pyproject.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import zmq
from ipykernel.control import ControlThread
from ipykernel.heartbeat import Heartbeat
from ipykernel.iostream import IOPubThread
from tornado.ioloop import IOLoop
from zmq.eventloop.zmqstream import ZMQStream

from kernels_sandbox.inside.app import SandboxKernel
from kernels_sandbox.inside.output import Budget


def attach(kernel: SandboxKernel, listeners: Mapping[str, int], budget: Budget) -> None:
    """Serve a Jupyter client on the running thread's event loop: colours, long tracebacks, `exit()`.

    Args:
        kernel: made by `build`.
        listeners: descriptors of listening sockets: "shell", "iopub", "control", "stdin" and "hb".
        budget: of output per cell; what the client does not take in time is dropped.
    """
    context = zmq.Context()
    kernel.shell_stream = ZMQStream(_bind(context, zmq.ROUTER, listeners["shell"]), IOLoop.current())
    _iopub(kernel, context, listeners["iopub"], budget)
    kernel.shell.colors = "neutral"
    kernel.shell.run_line_magic("xmode", "Context")
    kernel.stdin_socket = _bind(context, zmq.ROUTER, listeners["stdin"])
    control = _bind(context, zmq.ROUTER, listeners["control"])
    kernel.control_thread = ControlThread(daemon=True)
    kernel.control_stream = ZMQStream(control, kernel.control_thread.io_loop)
    kernel.control_thread.start()
    _PassedHeartbeat(listeners["hb"]).start()
    kernel.start()


def _bind(context: zmq.Context[Any], kind: int, fd: int) -> zmq.Socket[Any]:
    socket = context.socket(kind)
    socket.linger = 1000
    if kind == zmq.ROUTER:
        socket.router_handover = True
    socket.setsockopt(zmq.USE_FD, fd)
    socket.bind(_formality(fd))
    return socket


def _formality(fd: int) -> str:
    """A path for bind(): never used, because the socket listens already."""
    return f"ipc:///passed/{fd}"


def _iopub(kernel: SandboxKernel, context: zmq.Context[Any], fd: int, budget: Budget) -> None:
    thread = IOPubThread(_bind(context, zmq.XPUB, fd), pipe=False, session=kernel.session)
    thread.start()
    kernel.publish_by(thread, thread.background_socket, budget)


class _PassedHeartbeat(Heartbeat):
    """A heartbeat on a socket that listens already, with a context of its own: no GIL may hold it up."""

    def __init__(self, fd: int) -> None:
        super().__init__(zmq.Context(), ("ipc", "/passed", fd))
        self._fd = fd

    def _bind_socket(self) -> None:
        self.socket.setsockopt(zmq.USE_FD, self._fd)
        self.socket.bind(_formality(self._fd))
