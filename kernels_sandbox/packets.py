"""Messages on the socket between a pool and a kernel: cut into packets at one end, put together at the other.

A message is a run of packets, the first and the last of them marked. Each packet is one system call on a socket that
keeps boundaries, so a signal or an exception in the middle of a message costs that message and never the next.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Iterator

PAYLOAD = 64 * 1024
"""Bytes of a message in one packet, at most: well below a socket's buffer."""

_HEADER = struct.Struct("!IB")
_FIRST, _LAST = 1, 2

PACKET = _HEADER.size + PAYLOAD
"""Bytes of the longest packet."""


class Garbled(ValueError):
    """What arrived is no packet; nothing after it can be read either."""


def pair() -> tuple[socket.socket, socket.socket]:
    """The two ends of a line: boundaries kept where the system can (Linux).

    Else a plain stream, where an interrupt in the middle of a message costs the kernel.
    """
    kind = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_STREAM
    return socket.socketpair(socket.AF_UNIX, kind)


def packets(body: bytes) -> Iterator[bytes]:
    """The packets of one message, in order."""
    if len(body) <= PAYLOAD:
        yield _HEADER.pack(len(body), _FIRST | _LAST) + body
        return
    view = memoryview(body)
    for start in range(0, len(body), PAYLOAD):
        piece = view[start : start + PAYLOAD]
        flags = (_FIRST if start == 0 else 0) | (_LAST if start + PAYLOAD >= len(body) else 0)
        yield b"".join((_HEADER.pack(len(piece), flags), piece))


class Assembler:
    """Puts messages together from what was read, and holds no more of one than its limit.

    Args:
        limit: asked for the bytes that a message may have now.
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._unread = bytearray()  # a part of a packet; stays empty where the socket keeps boundaries
        self._body: bytearray | None = None

    def feed(self, data: bytes) -> Iterator[bytearray | None]:
        """The messages that `data` completes, for the caller to keep; None for one that was too long and is gone.

        Raises Garbled.
        """
        self._unread += data
        while len(self._unread) >= _HEADER.size:
            length, flags = _HEADER.unpack_from(self._unread)
            if length > PAYLOAD:
                raise Garbled(f"a packet of {length} bytes")
            end = _HEADER.size + length
            if len(self._unread) < end:
                return
            piece = self._unread[_HEADER.size : end]
            del self._unread[:end]
            if flags & _FIRST:
                self._body = bytearray()
            if self._body is None:
                continue  # the rest of a message that was given up
            if len(self._body) + length > self._limit():
                self._body = None
                yield None
                continue
            self._body += piece
            if flags & _LAST:
                body, self._body = self._body, None
                yield body
