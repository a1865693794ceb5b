"""The server: what it answers, to whom, and that it ends."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mathagent.collection import open_collection
from mathagent.errors import ServerError
from mathagent.page.data import PageData
from mathagent.page.serve import PageServer
from tests.cli.program import Program


@pytest.fixture(scope="module")
def server(rich: Path) -> Iterator[PageServer]:
    """A server of the rich run, on a free port."""
    with PageServer(lambda: PageData(open_collection(rich)), 0) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(
    server: PageServer, path: str, *, host: str | None = None, method: str = "GET"
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and content."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{server.port}" if host is None else host)
    connection.endheaders()
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def test_the_page_and_its_data(server: PageServer) -> None:
    status, headers, content = ask(server, "/")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert b'data-source="served"' in content
    head = json.loads(zlib.decompress(ask(server, "/data/head")[2]))
    assert head["size"] == 6
    chunk = json.loads(zlib.decompress(ask(server, "/data/chunk/0")[2]))
    assert [body["id"] for body in chunk] == [f"t-{number}" for number in range(6)]


def test_head_requests_have_no_content(server: PageServer) -> None:
    status, headers, content = ask(server, "/", method="HEAD")
    assert (status, content) == (200, b"")
    assert int(headers["Content-Length"]) > 10_000


@pytest.mark.parametrize(
    "path",
    [
        "/data/chunk/1",
        "/data/chunk/-1",
        "/data/chunk/00",
        "/data/chunk/9999999999999",
        "/data/chunk/0/../../../etc/passwd",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/traces.jsonl",
        "/js/main.js",
        "/data/",
    ],
)
def test_there_is_nothing_else(server: PageServer, path: str) -> None:
    status, _, content = ask(server, path)
    assert status == 404
    assert len(content) < 100


@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil:{port}"]
)
def test_a_foreign_name_is_refused(server: PageServer, host: str) -> None:
    for path in ("/", "/data/head"):
        status, _, content = ask(server, path, host=host.format(port=server.port))
        assert status == 403
        assert b"alpha" not in content


def test_localhost_is_this_machine(server: PageServer) -> None:
    assert ask(server, "/", host=f"localhost:{server.port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_only_reads(server: PageServer, method: str) -> None:
    assert ask(server, "/", method=method)[0] == 501


def test_it_listens_on_this_machine_alone(server: PageServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_a_port_in_use(rich: Path) -> None:
    def load() -> PageData:
        return PageData(open_collection(rich))

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"can't listen on port {port}"):
            PageServer(load, port)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mathagent.page.serve.PORT", port)
            with PageServer(load) as other:
                assert other.port not in (0, port)


def test_a_file_that_changed_is_said(tmp_path: Path, rich: Path) -> None:
    for name in ("settings.json", "results.jsonl", "traces.jsonl"):
        (tmp_path / name).write_bytes((rich / name).read_bytes())
    with PageServer(lambda: PageData(open_collection(tmp_path)), 0) as changed:
        (tmp_path / "traces.jsonl").write_text("{}\n")
        thread = threading.Thread(target=changed.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        status, _, content = ask(changed, "/data/chunk/0")
        changed.shutdown()
        thread.join()
    assert status == 500
    assert b"has changed" in content


def test_ctrl_c_ends_the_command(tmp_path: Path, rich: Path) -> None:
    process = Program(tmp_path).start("view", str(rich), "--port", "0")
    assert process.stdout is not None
    url = process.stdout.readline().decode().strip()
    assert url.startswith("http://127.0.0.1:")
    port = int(url.rstrip("/").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/data/head")
    assert connection.getresponse().status == 200
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in err.decode()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
