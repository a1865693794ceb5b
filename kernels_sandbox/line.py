"""A pool's end of the line to one kernel: a socket that both were born with, so that no path ever leads to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from kernels_sandbox.packets import PACKET, Assembler, Garbled, packets, pair

BATCH = 64
"""Packets handled before the event loop gets another turn."""

Receiver = Callable[[bytearray | None], None]


class Line:
    """Sends messages to a kernel and hands on what comes back; on the running event loop.

    Args:
        limit: asked for the bytes that a message may have; a longer one is dropped piece by piece as it arrives.
        receive: called with every message, and with None for one that was dropped.

    closed: done once the kernel's end is closed, or has sent what can't be read.
    """

    def __init__(self, limit: Callable[[], int], receive: Receiver) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket, self._theirs = pair()
        self._socket.setblocking(False)
        self._assembler = Assembler(limit)
        self._receive = receive
        self._unsent: deque[bytes] = deque()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._socket.fileno(), self._read, BATCH)

    @property
    def kernel_end(self) -> int:
        """Descriptor for the kernel, open until `handed_over`."""
        return self._theirs.fileno()

    def handed_over(self) -> None:
        """Close our copy of the kernel's end, once the kernel has its own: then its death closes the line."""
        self._theirs.close()

    def send(self, body: bytes) -> None:
        """Send one message, without ever waiting; what can't go now goes later."""
        self._unsent.extend(packets(body))
        self._write()

    def drain(self) -> None:
        """Read all that a dead kernel has left."""
        while not self.closed.done():
            if not self._read(BATCH):
                return

    def close(self) -> None:
        """Close both ends; a second call does nothing."""
        self._hang_up()
        self._theirs.close()
        self._socket.close()

    def _read(self, most: int) -> bool:
        """Read some packets; whether there may be more."""
        for _ in range(most):
            if self.closed.done():
                return False
            try:
                data = self._socket.recv(PACKET)
            except (BlockingIOError, InterruptedError):
                return False
            except OSError:
                data = b""
            if not data:
                self._hang_up()
                return False
            try:
                for body in self._assembler.feed(data):
                    self._receive(body)
                    if body is not None:
                        body.clear()  # else it would be there until the next one is
            except Garbled:
                self._hang_up()
                return False
        return True

    def _write(self) -> None:
        while self._unsent and not self.closed.done():
            try:
                sent = self._socket.send(self._unsent[0])
            except (BlockingIOError, InterruptedError):
                self._loop.add_writer(self._socket.fileno(), self._write)
                return
            except OSError:
                self._hang_up()
                return
            if sent < len(self._unsent[0]):  # a stream may take part of a packet
                self._unsent[0] = self._unsent[0][sent:]
            else:
                self._unsent.popleft()
        if not self.closed.done():
            self._loop.remove_writer(self._socket.fileno())

    def _hang_up(self) -> None:
        if not self.closed.done():
            self.closed.set_result(None)
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._unsent.clear()
