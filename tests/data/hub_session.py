"""`python -m tests.data.hub_session FOLDER` loads data sets from a hub on this machine, then from the cache.

A process of its own, because `datasets` reads HF_HOME and HF_ENDPOINT when it is imported. The hub speaks as much of
the Hugging Face hub's HTTP interface as `datasets` asks for. What happened is one JSON object on standard output.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mathagent.data import load
from mathagent.errors import MathAgentError

REVISION = "ab" * 20
_CARD = b"---\nconfigs:\n- config_name: main\n  data_files:\n  - split: test\n    path: main/test-*\n---\n"
_ROWS = b'{"question": "1 + 0?", "answer": "1\\n#### 1"}\n{"question": "1 + 1?", "answer": "2\\n#### 2"}\n'
FILES = {"README.md": _CARD, "main/test-00000-of-00001.jsonl": _ROWS}
_API = "/api/datasets/openai/gsm8k/"
_RESOLVE = "/datasets/openai/gsm8k/resolve/"


class Hub(ThreadingHTTPServer):
    """A hub with one repository, openai/gsm8k, that counts the requests."""

    requests = 0


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        """Answer, by the path alone."""
        self.server.requests += 1
        url = urlsplit(self.path)
        if url.path.startswith(_RESOLVE):
            content = FILES.get(url.path.removeprefix(_RESOLVE).partition("/")[2])
            self._send(content, etag=f'"{hashlib.sha1(content or b"").hexdigest()}"')
        elif url.path.startswith(f"{_API}revision/"):
            siblings = [{"rfilename": name} for name in FILES]
            self._send(
                json.dumps(
                    {"id": "openai/gsm8k", "sha": REVISION, "siblings": siblings, "private": False}
                ).encode()
            )
        elif url.path.startswith(f"{_API}tree/"):
            folder = url.path.removeprefix(f"{_API}tree/").partition("/")[2]
            self._send(json.dumps(_tree(folder, "recursive=true" in url.query.lower())).encode())
        else:
            self._send(None)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _send(self, content: bytes | None, etag: str = '"none"') -> None:
        self.send_response(404 if content is None else 200)
        if content is None:
            self.send_header(
                "X-Error-Code", "EntryNotFound" if self.path.startswith(_RESOLVE) else "RepoNotFound"
            )
        self.send_header("Content-Length", str(len(content or b"")))
        self.send_header("Content-Type", "application/json")
        self.send_header("ETag", etag)
        self.send_header("X-Repo-Commit", REVISION)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content or b"")


def _tree(folder: str, recursive: bool) -> list[dict[str, object]]:
    start = f"{folder}/" if folder else ""
    below = [name.removeprefix(start) for name in FILES if name.startswith(start)]
    files = [
        {"type": "file", "path": start + name, "size": len(FILES[start + name]), "oid": "0" * 40}
        for name in below
        if recursive or "/" not in name
    ]
    folders = {name.partition("/")[0] for name in below if "/" in name}
    return [
        *files,
        *({"type": "directory", "path": start + name, "size": 0, "oid": "0" * 40} for name in folders),
    ]


def _loaded(spec: str, **wanted: Any) -> dict[str, object]:
    try:
        data = load(spec, **wanted)
    except MathAgentError as error:
        return {"error": str(error)}
    return {"problems": {problem.text: problem.gold for problem in data.problems}, "source": data.source}


def _session(folder: Path) -> dict[str, object]:
    hub = Hub(("127.0.0.1", 0), _Handler)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    os.environ |= {"HF_HOME": str(folder / "home"), "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}"}
    os.environ |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
    said: dict[str, object] = {"not yet in the cache": _loaded("gsm8k", online=False)}
    said["asked when offline"] = hub.requests
    said["from the hub"] = _loaded("gsm8k:2")
    asked = hub.requests
    said["from the cache"] = _loaded("gsm8k")
    said["by its id"] = _loaded("openai/gsm8k", config="main")
    said["asked again"] = hub.requests - asked
    said["unknown"] = _loaded("nobody/nothing")
    said["no such split"] = _loaded("gsm8k", split="dev")
    for name, content in FILES.items():
        path = folder / "clone" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    said["a folder laid out as a repository"] = _loaded(str(folder / "clone"), config="main")
    hub.shutdown()
    return said


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_session(Path(sys.argv[1]))))
