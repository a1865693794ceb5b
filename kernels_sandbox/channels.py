"""Listening sockets for the channels of a Jupyter client, made here and passed to the kernel as descriptors.

The kernel binds to the passed descriptors (ZMQ_USE_FD), so no path of a socket exists inside a jail.
"""

from __future__ import annotations

import socket
from pathlib import Path


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
