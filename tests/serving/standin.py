"""A program that stands in for vLLM in the manager's own tests: HTTP on a port, /health and /metrics, nothing else.

python standin.py PORT [--delay SECONDS] [--fail TEXT] [--children FILE]
    --delay     open the port only after so many seconds
    --fail      print TEXT and exit 3, in place of serving
    --children  start stubborn children first and write their process ids into FILE: one that ignores SIGTERM, and one
                that ignores it in a session of its own, left behind by its parent
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STUBBORN = (
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print(os.getpid(), flush=True); time.sleep(600)"
)
ORPHAN = f"import subprocess,sys;subprocess.Popen([sys.executable,'-c',{STUBBORN!r}],start_new_session=True)"


class Handler(BaseHTTPRequestHandler):
    """Counts requests other than those for /health and /metrics, as vLLM does."""

    served = 0

    def do_GET(self) -> None:
        """Answer."""
        if self.path not in ("/health", "/metrics"):
            Handler.served += 1
        body = (
            f'vllm:num_requests_running{{engine="0"}} 0.0\nvllm:request_success_total{{engine="0"}} {self.served}.0\n'
            if self.path == "/metrics"
            else "ok"
        )
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())


def start_children(file: Path) -> None:
    """See --children."""
    found = []
    for code in (STUBBORN, ORPHAN):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        found.append(child.stdout.readline().strip())
    file.write_text(" ".join(found))


def main() -> int:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--fail", default="")
    parser.add_argument("--children", type=Path)
    options = parser.parse_args()
    if options.children:
        start_children(options.children)
    if options.fail:
        sys.stdout.write(options.fail + "\n")
        return 3
    time.sleep(options.delay)
    ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
