"""Traces as OpenTelemetry spans with OpenInference's attributes, in OTLP/JSON: what Phoenix and others show.

One root span AGENT for a solve; below it, side by side, a span LLM for each request to the model and a span TOOL for
each execution, with the recorded times. Where a reply was only paused between requests, the first span has what was
sent and the last what was written, because the trace has that whole.

A file is JSON Lines with one `TracesData` each, as OpenTelemetry's file exporter (specification "OpenTelemetry Protocol
File Exporter") writes it and the collector's `otlpjsonfile` receiver reads it. Attribute names:
openinference-semantic-conventions 0.1. Ids follow from the trace's id alone, so that a second export doubles nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from mathagent import __version__
from mathagent.collection.turns import Turn, about, begin_of, moment, turns_of
from mathagent.run.rows import FAILED
from mathagent.trace.schema import CodeStep, OutputStep, RequestStep, Trace

_OK, _ERROR = 1, 2  # status codes of OTLP
_INTERNAL = 1  # the kind of a span: neither client nor server


def has_times(trace: Trace) -> bool:
    """Whether a trace can be spans: they are nothing without their times, which imports mostly lack."""
    return moment(trace, 0) is not None


def spans_of(trace: Trace, project: str) -> dict[str, Any]:
    """One trace as one OTLP `TracesData` object.

    Args:
        trace: with times (see `has_times`).
        project: under which Phoenix files it.
    """
    identity = _digest(trace.id, trace.problem.id, str(trace.sample))
    return {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": _attributes(
                        {"service.name": "mathagent", "openinference.project.name": project}
                    )
                },
                "scopeSpans": [
                    {
                        "scope": {"name": "mathagent", "version": __version__},
                        "spans": list(_spans(trace, identity[:32])),
                    }
                ],
            }
        ]
    }


def _spans(trace: Trace, trace_id: str) -> Iterator[dict[str, Any]]:
    root = _digest(trace_id, "root")[:16]
    attributes = {
        "openinference.span.kind": "AGENT",
        "agent.name": "mathagent",
        "input.value": trace.problem.text,
        "input.mime_type": "text/plain",
        "output.value": trace.answer if trace.answer is not None else trace.reply,
        "output.mime_type": "text/plain",
        "metadata": _json(about(trace)),
    }
    yield _span(
        trace,
        (trace_id, root, ""),
        "solve",
        (0, trace.seconds),
        attributes,
        trace.finish.detail if trace.finish.reason in FAILED else "",
    )
    codes = {step.index: step.code for step in trace.steps if isinstance(step, CodeStep)}
    for number, turn in enumerate(turns_of(trace)):
        for place, request in enumerate(turn.requests):
            ids = trace_id, _digest(trace_id, f"request {number} {place}")[:16], root
            last = place == len(turn.requests) - 1
            error = "; ".join(each.message for each in turn.failures if each.kind == "model") if last else ""
            attributes = _request(trace, request)
            attributes |= _input(trace, turn) if place == 0 else {}
            attributes |= _output(turn) if last else {}
            ends = begin_of(request), request.at
            yield _span(trace, ids, trace.model.name or "model", ends, attributes, error)
        for output in turn.outputs:
            ids = trace_id, _digest(trace_id, f"output {output.index}")[:16], root
            seconds = float(output.result.get("seconds") or 0.0)
            ends = max(0.0, output.at - seconds), output.at
            status = str(output.result.get("status"))
            yield _span(
                trace,
                ids,
                "python",
                ends,
                _execution(output, codes.get(output.index, "")),
                "" if status == "ok" else str(output.result.get("detail") or status),
            )


def _request(trace: Trace, request: RequestStep) -> dict[str, Any]:
    return {
        "openinference.span.kind": "LLM",
        "llm.model_name": trace.model.name,
        "llm.invocation_parameters": _json(trace.sampling),
        "llm.token_count.prompt": request.prompt_tokens,
        "llm.token_count.completion": request.completion_tokens,
        "llm.token_count.total": request.prompt_tokens + request.completion_tokens,
        "llm.token_count.prompt_details.cache_read": request.cached_tokens,
        "llm.finish_reason": request.finish,
    }


def _input(trace: Trace, turn: Turn) -> dict[str, Any]:
    """What the first request of a turn was sent."""
    messages = [*trace.prompt.messages]
    if turn.before:
        messages.append({"role": "assistant", "content": turn.before})
    attributes: dict[str, Any] = {"input.value": _json(messages), "input.mime_type": "application/json"}
    for number, message in enumerate(messages):
        prefix = f"llm.input_messages.{number}.message"
        attributes |= {f"{prefix}.role": message["role"], f"{prefix}.content": message["content"]}
        if message.get("name"):
            attributes[f"{prefix}.name"] = message["name"]
    return attributes


def _output(turn: Turn) -> dict[str, Any]:
    """What the requests of a turn wrote."""
    return {
        "output.value": turn.raw,
        "output.mime_type": "text/plain",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": turn.raw,
    }


def _execution(output: OutputStep, code: str) -> dict[str, Any]:
    return {
        "openinference.span.kind": "TOOL",
        "tool.name": "python",
        "tool.description": "Runs Python in an isolated Jupyter kernel that keeps its variables",
        "input.value": _json({"code": code}),
        "input.mime_type": "application/json",
        "output.value": output.shown,
        "output.mime_type": "text/plain",
    }


def _span(
    trace: Trace,
    ids: tuple[str, str, str],
    name: str,
    ends: tuple[float, float],
    attributes: dict[str, Any],
    error: str,
) -> dict[str, Any]:
    """A span; ids are those of the trace, of itself and of its parent, error is "" where all was well."""
    trace_id, span_id, parent = ids
    begin, end = (moment(trace, seconds) for seconds in ends)
    assert begin is not None
    assert end is not None
    return {
        "traceId": trace_id,
        "spanId": span_id,
        **({"parentSpanId": parent} if parent else {}),
        "name": name,
        "kind": _INTERNAL,
        "startTimeUnixNano": _nanoseconds(begin),
        "endTimeUnixNano": _nanoseconds(end),
        "attributes": _attributes(attributes),
        "status": {"code": _ERROR, "message": error} if error else {"code": _OK},
    }


def _nanoseconds(time: datetime) -> str:
    """Since 1970; a string, as JSON of Protocol Buffers has 64-bit integers. Exact: floats are not, at this size."""
    seconds = int(time.replace(microsecond=0).timestamp())
    return str(seconds * 10**9 + time.microsecond * 1000)


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value is not None]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case _:
            return {"stringValue": str(value)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
