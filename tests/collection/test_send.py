"""Spans sent over HTTP: what arrives is OTLP with the right ids; what a server or a person gets wrong is said."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from mathagent.collection import open_collection
from mathagent.collection.export import send_spans
from mathagent.collection.spans import spans_of
from mathagent.errors import RunError, UsageError
from tests.collection.made import solved, write_run


class Server(HTTPServer):
    """Takes spans at /v1/traces, and says 415 elsewhere."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.got: list[ExportTraceServiceRequest] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        right = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
        if right:
            self.server.got.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200 if right else 415)
        self.end_headers()
        self.wfile.write(b"" if right else b"not\nthis")

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as serving:
        thread = Thread(target=serving.serve_forever)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", [solved("a", sample) for sample in range(25)])


def test_every_span_arrives(run: Path, server: Server) -> None:
    collection = open_collection(run)
    assert send_spans(collection, server.url) == (25, [])
    assert len(server.got) == 2  # several traces a request
    spans = [span for got in server.got for one in got.resource_spans for span in one.scope_spans[0].spans]
    wanted = spans_of(collection.trace(collection.entries[0]), "run")["resourceSpans"][0]["scopeSpans"][0][
        "spans"
    ]
    assert [span.span_id.hex() for span in spans[: len(wanted)]] == [each["spanId"] for each in wanted]
    assert spans[0].trace_id.hex() == wanted[0]["traceId"]
    assert spans[1].parent_span_id == spans[0].span_id
    assert len({span.trace_id for span in spans}) == 25


def test_what_a_server_says_is_told(run: Path, server: Server) -> None:
    with pytest.raises(RunError, match="answers 415: not this"):
        send_spans(open_collection(run), f"{server.url}/elsewhere")
    server.server_close()
    with pytest.raises(RunError, match="can't send to http"):
        send_spans(open_collection(run), server.url)


@pytest.mark.parametrize("url", ["phoenix", "ftp://x", "http://", "http://x:port"])
def test_what_is_no_address(run: Path, url: str) -> None:
    with pytest.raises(UsageError):
        send_spans(open_collection(run), url)


def test_without_the_messages_the_extra_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match="needs opentelemetry-proto"):
        send_spans(open_collection(run), "http://127.0.0.1:1")
