"""A replay server on a real socket, in a thread of the test's process."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterable
from types import TracebackType

import uvicorn

from tests.replay.app import build_app
from tests.replay.recording import Library, Recording
from tests.replay.state import Fault, Seen, Settings, State


class ReplayServer:
    """Serves recordings on 127.0.0.1 while its `with` block lasts.

    Args:
        recordings: what can be played.
        settings: how the server presents itself.
        port: 0 takes a free one.
        start_after: seconds during which the port refuses connections.
    """

    def __init__(
        self,
        recordings: Iterable[Recording] = (),
        settings: Settings | None = None,
        *,
        port: int = 0,
        start_after: float = 0.0,
    ) -> None:
        self.state = State(Library(list(recordings)), settings or Settings())
        self._start_after = start_after
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))  # not listening yet: connections are refused
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(build_app(self.state), log_level="critical", lifespan="off", ws="none")
        config.timeout_graceful_shutdown = 1
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="replay-server", daemon=True)

    @property
    def base_url(self) -> str:
        """The address for clients, with /v1."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def seen(self) -> list[Seen]:
        """The generation requests so far."""
        return self.state.seen

    def fail_next(self, *faults: Fault) -> None:
        """Have these faults, one a request."""
        self.state.faults.extend(faults)

    def _run(self) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        time.sleep(self._start_after)
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> ReplayServer:
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._start_after and not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the replay server did not start")
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()
