"""Send spans to a server that takes OTLP over HTTP: Phoenix, a collector, and others.

As Protocol Buffers, because not every server takes OTLP/JSON (Phoenix answers it with status 415). The messages come
with the extra `otel`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mathagent.errors import RunError, UsageError

if TYPE_CHECKING:
    import httpx

_TRACES_A_REQUEST = 20
_SECONDS = 30.0
_IDS = ("traceId", "spanId", "parentSpanId")


def send(records: Iterable[dict[str, Any]], url: str) -> int:
    """Send records of `spans_of` to a server; how many there were.

    Args:
        records: one for each trace.
        url: of the server; without a path, `/v1/traces` is meant.

    Raises UsageError without the extra or for a bad address, RunError where the server does not take them.
    """
    import httpx

    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UsageError(f"{url}: {error}") from None
    if address.scheme not in ("http", "https") or not address.host:
        raise UsageError(f"{url} is no address", "for example http://127.0.0.1:6006")
    if address.path in ("", "/"):
        address = address.copy_with(path="/v1/traces")
    number = 0
    with httpx.Client(timeout=_SECONDS) as client:
        for part in _parts(records):
            _post(client, address, message(part))
            number += len(part)
    return number


def message(records: Iterable[dict[str, Any]]) -> bytes:
    """The `ExportTraceServiceRequest` with the spans of these records. Raises UsageError without the extra."""
    try:
        from google.protobuf import json_format
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    except ImportError:
        raise UsageError("sending spans needs opentelemetry-proto", "pip install 'mathagent[otel]'") from None
    resources = [_with_base64_ids(each) for record in records for each in record["resourceSpans"]]
    request = json_format.ParseDict({"resourceSpans": resources}, ExportTraceServiceRequest())
    return bytes(request.SerializeToString())


def _parts(records: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for record in records:
        part.append(record)
        if len(part) == _TRACES_A_REQUEST:
            yield part
            part = []
    if part:
        yield part


def _post(client: httpx.Client, address: httpx.URL, content: bytes) -> None:
    import httpx

    try:
        response = client.post(address, content=content, headers={"Content-Type": "application/x-protobuf"})
    except httpx.HTTPError as error:
        raise RunError(f"can't send to {address}: {error}") from None
    if response.is_error:
        said = " ".join(response.text.split())[:200]
        raise RunError(f"{address} answers {response.status_code}{': ' if said else ''}{said}")


def _with_base64_ids(resource: dict[str, Any]) -> dict[str, Any]:
    """OTLP/JSON has ids in hexadecimal, the JSON of Protocol Buffers in base64."""
    scopes = []
    for scope in resource["scopeSpans"]:
        spans = [
            {**span, **{name: _base64(span[name]) for name in _IDS if name in span}}
            for span in scope["spans"]
        ]
        scopes.append({**scope, "spans": spans})
    return {**resource, "scopeSpans": scopes}


def _base64(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()
