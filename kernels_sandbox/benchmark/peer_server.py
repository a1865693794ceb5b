"""A stand-in for code-execution servers such as NeMo-Skills' local sandbox, to compare with; not NeMo-Skills itself.

That project is not on PyPI. This has the architecture of its server and none of its code: Flask on threads, one forked
process for each session with an IPython shell in it, cells and outputs over a pipe, a session named by a header. It is
kinder to the architecture than the real thing: sympy and numpy are imported before the first fork, connections stay
open, and a request answers with the cell's output instead of a job that the client has to ask for again and again.
Nothing is isolated. Run as a process: `python -m kernels_sandbox.benchmark.peer_server`; its first line is the port.
"""

from __future__ import annotations

import contextlib
import io
import logging
import multiprocessing
import sys
import threading
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Any

from flask import Flask, request
from IPython.terminal.interactiveshell import TerminalInteractiveShell
from werkzeug.serving import WSGIRequestHandler, make_server

HEADER = "X-Session-ID"

FORK = multiprocessing.get_context("fork")


class Session:
    """A process with an IPython shell, forked off this one."""

    def __init__(self) -> None:
        self._pipe, inside = FORK.Pipe()
        self._busy = threading.Lock()
        self._process: ForkProcess = FORK.Process(target=_serve, args=(inside,), daemon=True)
        self._process.start()
        inside.close()

    def run(self, code: str, seconds: float) -> dict[str, Any]:
        """Run a cell; status and output."""
        with self._busy:
            self._pipe.send(code)
            if not self._pipe.poll(seconds):
                return {"status": "timeout", "stdout": "", "stderr": ""}
            answer: dict[str, Any] = self._pipe.recv()
            return answer

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join(2)
        self._pipe.close()


def _serve(pipe: Connection[Any, Any]) -> None:
    shell: Any = TerminalInteractiveShell()
    shell.InteractiveTB.set_mode(mode="Plain")
    while True:
        try:
            code = pipe.recv()
        except EOFError:
            return
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            done = shell.run_cell(code)
        status = "completed" if done.success else "error"
        pipe.send({"status": status, "stdout": out.getvalue(), "stderr": err.getvalue()})


def application() -> Flask:
    """The routes: run a cell, end a session."""
    app = Flask(__name__)
    sessions: dict[str, Session] = {}
    guard = threading.Lock()

    @app.post("/execute")
    def execute() -> dict[str, Any]:
        name, body = request.headers[HEADER], request.get_json()
        with guard:
            session = sessions.get(name)
        if session is None:  # a session's requests come one after another
            session = Session()
            with guard:
                sessions[name] = session
        return session.run(body["code"], body["timeout"])

    @app.delete("/sessions/<name>")
    def end(name: str) -> dict[str, Any]:
        with guard:
            session = sessions.pop(name)
        session.close()
        return {}

    return app


def main() -> None:
    """Serve on a free port of this machine until killed."""
    import numpy  # noqa: F401  # what forked processes shall have
    import sympy

    sympy.solve("x**2 - 1")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    server = make_server("127.0.0.1", 0, application(), threaded=True)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
