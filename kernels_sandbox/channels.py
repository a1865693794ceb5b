"""The two ends of a kernel's channels: listening sockets made here, passed to the kernel as descriptors.

The kernel binds to the passed descriptors (ZMQ_USE_FD), so no path of a socket exists inside a jail, and the client
can connect before the kernel exists. The socket files are unlinked once the client is connected: afterwards nothing
is left on disk that could outlive anybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import zmq

BATCH = 64
"""Messages handled before the event loop gets another turn."""

QUEUE = 4
"""Messages that wait in this process for one channel; the kernel waits once they do. Bounds memory, not speed."""

HEADROOM = 64 * 1024
"""Bytes a message may have beyond the output budget: headers, JSON."""

Receiver = Callable[[list[bytes]], None]


def listen(path: Path) -> socket.socket:
    """A listening unix socket at `path`."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        listener.listen(8)
    except OSError:
        listener.close()
        raise
    return listener


class Channel:
    """One client socket on the running event loop; calls `on_frames` with every message that arrives."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], kind: int, path: Path, limit: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = context.socket(kind)
        self._socket.linger = 0
        self._socket.rcvhwm = QUEUE
        self._socket.maxmsgsize = limit
        self._socket.reconnect_ivl = -1  # a connection broken by a message beyond the limit stays broken
        if kind == zmq.SUB:
            self._socket.subscribe(b"")
        self._socket.connect(f"ipc://{path}")
        self._fd = self._socket.fileno()
        self.on_frames: Receiver | None = None
        self._loop.add_reader(self._fd, self._drain)

    def send(self, frames: list[bytes]) -> bool:
        """Send one message, without ever waiting; False where the kernel has closed the connection."""
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            return False
        # Sending may consume the edge that announces a message: look again.
        self._loop.call_soon(self._drain)
        return True

    def poke(self) -> None:
        """Look for messages now (the descriptor announces edges, not levels)."""
        self._loop.call_soon(self._drain)

    def close(self) -> None:
        """Close the socket; a second call does nothing."""
        if not self._socket.closed:
            self._loop.remove_reader(self._fd)
            self._socket.close(linger=0)

    def _drain(self) -> None:
        for _ in range(BATCH):
            if self._socket.closed or self.on_frames is None:
                return
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            except zmq.ZMQError:
                return
            self.on_frames(frames)
        self._loop.call_soon(self._drain)


class Channels:
    """Shell and iopub of one kernel: the client's sockets and the descriptors for the kernel.

    Args:
        context: ZeroMQ context, one for a pool.
        limit: bytes of the largest message taken; a longer one breaks the connection.
    """

    NAMES = ("shell", "iopub")

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], limit: int) -> None:
        self._folder: Path | None = Path(tempfile.mkdtemp(prefix=f"kernels-sandbox-{os.getpid()}-"))
        self.listeners: dict[str, socket.socket] = {}
        try:
            for name in self.NAMES:
                self.listeners[name] = listen(self._folder / name)
            # In this order: one I/O thread connects first come first served, so once iopub talks, shell is connected.
            self.shell = Channel(context, zmq.DEALER, self._folder / "shell", limit)
            self.iopub = Channel(context, zmq.SUB, self._folder / "iopub", limit)
        except BaseException:
            self.close_listeners()
            self.unlink()
            raise

    def close_listeners(self) -> None:
        """Close our copies of the listening sockets, once the kernel has its own."""
        for listener in self.listeners.values():
            listener.close()
        self.listeners.clear()

    def unlink(self) -> None:
        """Remove the socket files."""
        if self._folder is not None:
            with contextlib.suppress(OSError):
                shutil.rmtree(self._folder)
            self._folder = None

    def close(self) -> None:
        """Close everything; a second call does nothing."""
        self.close_listeners()
        self.shell.close()
        self.iopub.close()
        self.unlink()
