"""The second step of a pool kernel's start, after the fork: the line to the pool. One socket, no ZeroMQ, no thread.

What a cell writes is sent by whoever writes it; one thread, started by the first cell that writes and then computes
on, sends what would wait too long. The attributes set here are not ipykernel's API: see the pin in pyproject.toml.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import os
import socket
import threading
import time
import warnings
from _thread import allocate_lock
from collections.abc import Callable
from typing import Any

from ipykernel.iostream import IOPubThread

from kernels_sandbox.inside.app import SandboxKernel
from kernels_sandbox.inside.output import Budget
from kernels_sandbox.packets import PACKET, Assembler, packets

_DELIMITER = b"<IDS|MSG>"
_READY = b'{"msg_type": "ready"}\n{}\n{}\n{}'
_LONGEST_REQUEST = 1 << 30


class Port:
    """The kernel's end of the line, in the place of the sockets that ipykernel's Session sends by."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._sending = threading.RLock()
        self._assembler = Assembler(lambda: _LONGEST_REQUEST)

    def open(self, fd: int) -> None:
        """Use this descriptor."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fd)

    def send_multipart(self, frames: list[Any], *_: Any, **__: Any) -> None:
        """Send one message, waiting for the pool to read if it must."""
        start = frames.index(_DELIMITER) + 2
        self.send(b"\n".join(frames[start : start + 4]))

    def send(self, body: bytes) -> None:
        """Send one message that is encoded already."""
        assert self._socket is not None
        with self._sending:
            for packet in packets(body):
                self._socket.sendall(packet)

    def requests(self) -> list[dict[str, Any]]:
        """What has arrived, as Jupyter messages. Raises EOFError when the pool is gone."""
        assert self._socket is not None
        try:
            data = self._socket.recv(PACKET, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        if not data:
            raise EOFError
        return [_request(body) for body in self._assembler.feed(data) if body is not None]


def _request(body: bytearray) -> dict[str, Any]:
    header, _, _, content = (json.loads(part) for part in body.split(b"\n", 3))
    return {
        "header": header,
        "msg_id": header["msg_id"],
        "msg_type": header["msg_type"],
        "parent_header": {},
        "metadata": {},
        "content": content,
        "buffers": [],
    }


class Publisher(IOPubThread):
    """Stands where OutStream expects ipykernel's IOPub thread: sends at once, from whatever thread."""

    def __init__(self, port: Port) -> None:
        self.thread: Any = None  # so OutStream.flush sends by itself
        self.io_loop: Any = self
        self._port = port
        self._late: list[Callable[[], None]] = []
        self._wake = allocate_lock()
        self._wake.acquire()
        self._waiting: threading.Thread | None = None

    def schedule(self, f: Callable[[], Any]) -> None:
        """Run `f` now."""
        f()

    def send_multipart(self, *args: Any, **kwargs: Any) -> None:
        """Send one message."""
        self._port.send_multipart(*args, **kwargs)

    def call_later(self, delay: float, f: Callable[[], None]) -> None:
        """Run `f` in `delay` seconds at the latest, in another thread; at once where no thread can be had."""
        self._late.append(f)
        try:
            if self._waiting is None:
                self._waiting = threading.Thread(target=self._wait, args=(delay,), name="output", daemon=True)
                self._waiting.start()
            if len(self._late) == 1:
                with contextlib.suppress(RuntimeError):  # it is awake already
                    self._wake.release()
        except RuntimeError:
            self._waiting = None
            self._run()

    def _wait(self, delay: float) -> None:
        while True:
            self._wake.acquire()
            time.sleep(delay)
            self._run()

    def _run(self) -> None:
        late, self._late = self._late, []
        for f in late:
            f()


def prepare(kernel: SandboxKernel) -> None:
    """Do ahead of the fork what needs no descriptor."""
    port = Port()
    kernel.publish_by(Publisher(port), port, Budget(0))
    kernel.session.key = b""


def attach(kernel: SandboxKernel, fd: int) -> None:
    """Serve a pool on the running thread's event loop. After `prepare`."""
    port: Port = kernel.iopub_socket
    port.open(fd)
    for stream in kernel.streams or ():
        stream._master_pid = os.getpid()
    for name in ("exit", "quit"):
        kernel.shell.user_ns[name] = _leave
        kernel.shell.user_ns_hidden[name] = _leave
    warnings.filterwarnings("ignore", message="To exit: use 'exit'")
    loop = asyncio.get_event_loop()
    context = contextvars.copy_context()
    tasks = set[asyncio.Task[None]]()

    def read() -> None:
        try:
            for request in port.requests():
                task = loop.create_task(kernel.answer(request), context=context)
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except (EOFError, OSError):
            loop.stop()

    loop.add_reader(fd, read)
    port.send(_READY)


def _leave() -> None:
    """`exit()` and `quit()` end the cell, not the kernel."""
    raise SystemExit("exit() ends the cell; the kernel goes on")
