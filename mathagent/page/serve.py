"""The page on a local address: two kinds of GET, for this machine only.

The standard library's server is enough for that: a page, and chunks of bytes to one reader. A framework would be a
dependency of the light base for nothing.

A web site that the reader visits may not read traces through the reader's browser. Same-origin rules keep its scripts
out, and a site that makes its own name resolve to 127.0.0.1 (DNS rebinding) is known by the Host header.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from mathagent.errors import MathAgentError, ServerError
from mathagent.page.data import PageData
from mathagent.page.document import document, policy

PORT = 7575
"""The port that is tried first."""

_HOST = "127.0.0.1"
_CHUNK = re.compile(r"/data/chunk/(0|[1-9][0-9]{0,8})")
_HEADERS = {
    "Content-Security-Policy": f"{policy('served')}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class PageServer(ThreadingHTTPServer):
    """Serves the page until `shutdown`. The data is made anew for each load of the page, so a reload shows what a run
    has done since.

    Args:
        load: makes the data.
        port: None tries 7575, then any free one.

    Raises ServerError where the port can't be had, and what `load` raises.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, load: Callable[[], PageData], port: int | None = None) -> None:
        self._load, self._lock = load, threading.Lock()
        self._data = load()
        self._fresh = bool(self._data.head)  # made now: the first load of the page does not wait for it
        try:
            super().__init__((_HOST, PORT if port is None else port), _Handler)
        except OSError as error:
            if port is not None:
                raise ServerError(
                    f"can't listen on port {port}: {error.strerror}", "leave out --port"
                ) from None
            super().__init__((_HOST, 0), _Handler)
        self.port: int = self.server_address[1]
        self.hosts = {f"{name}:{self.port}" for name in (_HOST, "localhost")}

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{_HOST}:{self.port}/"

    def page(self) -> bytes:
        """The HTML."""
        return "".join(document("served", self._data.collection.name)).encode()

    def head(self) -> bytes:
        """The head, of data that is read again if it was asked for before."""
        with self._lock:
            if not self._fresh:
                self._data = self._load()
            self._fresh = False
            return self._data.head

    def chunk(self, number: int) -> bytes:
        """A chunk of the data whose head was asked for last."""
        return self._data.chunk(number)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that goes away in the middle of an answer is no error."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one request. Nothing of a path is ever looked for among files."""

    server: PageServer
    server_version = "mathagent"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """The page, the head or a chunk; 404 for anything else, 403 under a foreign name."""
        if self.headers.get("Host", "") not in self.server.hosts:
            self._refuse(
                HTTPStatus.FORBIDDEN, f"this server answers to {' and '.join(sorted(self.server.hosts))}"
            )
            return
        path = urlsplit(self.path).path
        made: Callable[[], bytes]
        kind = "application/octet-stream"
        if path == "/":
            made, kind = self.server.page, "text/html; charset=utf-8"
        elif path == "/data/head":
            made = self.server.head
        elif found := _CHUNK.fullmatch(path):
            made = partial(self.server.chunk, int(found[1]))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
            return
        try:
            content = made()
        except IndexError:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such chunk")
        except MathAgentError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        else:
            self._answer(HTTPStatus.OK, kind, content)

    do_HEAD = do_GET

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._answer(status, "text/plain; charset=utf-8", f"{why}\n".encode("utf-8", "replace"))

    def _answer(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the reader sees the page."""
