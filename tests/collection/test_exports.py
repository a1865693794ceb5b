"""Traces as ATIF and as OpenTelemetry spans: held against Harbor's rules, OTLP's messages, OpenInference's names."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from openinference.semconv.resource import ResourceAttributes
from openinference.semconv.trace import MessageAttributes, OpenInferenceSpanKindValues, SpanAttributes
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from kernels_sandbox import CellResult
from mathagent.collection import open_collection
from mathagent.collection.atif import trajectory
from mathagent.collection.export import export_traces
from mathagent.collection.spans import spans_of
from mathagent.errors import UsageError
from mathagent.events import CodeBlock, Execution, Finish, Request, Started, Text
from mathagent.trace import Trace
from mathagent.types import Message, ModelInfo, TokenUsage
from tests.collection.made import solved, write_run
from tests.collection.test_imports import FENCED, MATHCODER, MINT, TORA, opened
from tests.trace.conftest import make_recorder


def two_rounds() -> Trace:
    """A solve with a system message, thinking, a pause, and an error in its first cell, in the order of the loop."""
    recorder = make_recorder()
    messages = (Message("system", "Be exact."), Message("user", "What is 6 * 7?"))
    for event in (
        Started(ModelInfo("m", 4096, "vllm", True), messages, 4096),
        Request(TokenUsage(10, 2, 4), 0.25, 0.1, "stop", "```output"),  # only paused: it went on
        Request(TokenUsage(12, 3, None), 0.25, 0.1, "stop", "```"),
        Text("Let me see.\n", "I think"),
        CodeBlock(0, "1/0\n", "```python\n1/0\n```\n"),
        Execution(0, CellResult("error", seconds=0.01, detail="divided"), "Error", "```output\nError\n```\n"),
        Request(TokenUsage(30, 6, None), 0.5, 0.1, "stop", "```"),
        CodeBlock(1, "print(42)\n", "```python\nprint(42)\n```\n"),
        Execution(1, CellResult("ok", stdout="42", seconds=0.02), "42", "```output\n42\n```\n"),
        Request(TokenUsage(40, 7, None), 0.5, 0.1, "stop", None),
        Text("So \\boxed{42}."),
        Finish("answer", "the model ended its reply"),
    ):
        recorder.take(event)
    trace = recorder.trace()
    for step, at in zip(trace.steps, (1, 1.5, 1.5, 1.5, 1.6, 2.1, 2.1, 2.2, 3, 3), strict=True):
        step.at = at
    trace.answer, trace.seconds, trace.started = "42", 3.25, "2026-01-01T00:00:00.125+00:00"
    return trace


def check(document: dict[str, Any]) -> None:
    """What Harbor's validator asks of a trajectory (its package needs Python 3.12 and a hundred others)."""
    assert set(document) <= {
        *("schema_version", "session_id", "trajectory_id", "agent", "steps", "notes", "final_metrics"),
        *("continued_trajectory_ref", "extra", "subagent_trajectories"),
    }
    assert document["schema_version"] == "ATIF-v1.7"
    assert isinstance(document["agent"]["name"], str)
    assert isinstance(document["agent"]["version"], str)
    assert set(document["agent"]) <= {"name", "version", "model_name", "tool_definitions", "extra"}
    assert document["steps"]
    agents_only = {"model_name", "reasoning_effort", "reasoning_content", "tool_calls", "metrics"}
    for number, step in enumerate(document["steps"], 1):
        assert step["step_id"] == number
        assert step["source"] in ("system", "user", "agent")
        assert isinstance(step["message"], str)
        assert set(step) <= agents_only | {
            *("step_id", "timestamp", "source", "message", "observation", "is_copied_context"),
            *("llm_call_count", "extra"),
        }
        assert step["source"] == "agent" or not agents_only & set(step)
        assert None not in step.values()
        if "timestamp" in step:
            datetime.fromisoformat(step["timestamp"])
        calls = {call["tool_call_id"] for call in step.get("tool_calls", ())}
        for call in step.get("tool_calls", ()):
            assert set(call) == {"tool_call_id", "function_name", "arguments", "extra"}
            assert isinstance(call["arguments"], dict)
        for result in step.get("observation", {}).get("results", ()):
            assert set(result) <= {"source_call_id", "content"}
            assert result.get("source_call_id") in {None, *calls}
        allowed = {"prompt_tokens", "completion_tokens", "cached_tokens", "extra"}
        assert set(step.get("metrics", {})) <= allowed
    totals = {"total_prompt_tokens", "total_completion_tokens", "total_cached_tokens", "total_steps", "extra"}
    assert set(document["final_metrics"]) <= totals


def test_atif_has_every_request_call_and_output() -> None:
    trace = two_rounds()
    document = trajectory(trace)
    check(document)
    system, user, first, second, last = document["steps"]
    assert (system["source"], user["source"], user["message"]) == ("system", "user", "What is 6 * 7?")
    assert (first["message"], first["reasoning_content"]) == ("Let me see.\n", "I think")
    assert first["tool_calls"] == [
        {
            "tool_call_id": "call_0",
            "function_name": "python",
            "arguments": {"code": "1/0\n"},
            "extra": {"executed": True, "status": "error", "seconds": 0.01},
        }
    ]
    assert first["observation"] == {"results": [{"source_call_id": "call_0", "content": "Error"}]}
    assert first["metrics"] == {
        "prompt_tokens": 22,
        "completion_tokens": 5,
        "cached_tokens": 4,
        "extra": {"seconds": 0.5, "exact": True},
    }
    assert (first["llm_call_count"], second["llm_call_count"]) == (2, 1)
    assert "cached_tokens" not in second["metrics"]  # the server did not say
    assert second["timestamp"] == "2026-01-01T00:00:01.725000+00:00"
    assert (last["message"], "tool_calls" in last, last["llm_call_count"]) == ("So \\boxed{42}.", False, 1)
    raws = "".join(step["extra"]["raw"] for step in (first, second, last))
    assert raws == trace.reply.replace("```output\nError\n```\n", "").replace("```output\n42\n```\n", "")
    totals = document["final_metrics"]
    assert (totals["total_prompt_tokens"], totals["total_completion_tokens"]) == (92, 18)
    assert document["extra"]["answer"] == "42"


@pytest.mark.parametrize("record", [TORA, MATHCODER, MINT])
def test_atif_of_imports_leaves_out_what_is_unknown(tmp_path: Path, record: dict[str, Any]) -> None:
    collection = opened(tmp_path, record)
    document = trajectory(collection.trace(collection.entries[0]))
    check(document)
    assert not any("timestamp" in step or "metrics" in step for step in document["steps"])
    assert "seconds" not in document["final_metrics"]["extra"]
    assert any(step.get("observation") for step in document["steps"])


def test_atif_of_failures_and_worked_examples() -> None:
    trace = solved("a")
    trace.prompt.messages[:0] = [
        {"role": "user", "content": "2?"},
        {"role": "assistant", "content": "\\boxed{2}"},
    ]
    document = trajectory(trace)
    check(document)
    assert document["steps"][1]["is_copied_context"] is True
    (failure,) = [step for step in document["steps"] if "failure" in step.get("extra", {})]
    assert failure["message"] == "the stream was cut (try again)"


def parsed(text: str) -> list[Span]:
    """The spans, as Protocol Buffers read them: ids are hexadecimal in OTLP/JSON, and base64 elsewhere."""
    record = json.loads(text)
    for span in record["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in span:
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    data = json_format.ParseDict(record, TracesData())
    (resource,) = data.resource_spans
    names = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert names == {"service.name": "mathagent", ResourceAttributes.PROJECT_NAME: "a run"}
    return list(resource.scope_spans[0].spans)


def attributes(span: Span) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def test_spans_are_otlp_with_the_recorded_times() -> None:
    trace = two_rounds()
    spans = parsed(json.dumps(spans_of(trace, "a run")))
    assert {len(span.trace_id) for span in spans} == {16}
    assert {len(span.span_id) for span in spans} == {8}
    assert len({span.span_id for span in spans}) == len(spans) == 7
    root, *children = spans
    assert root.parent_span_id == b""
    assert {child.parent_span_id for child in children} == {root.span_id}
    kinds = [attributes(span)[SpanAttributes.OPENINFERENCE_SPAN_KIND] for span in spans]
    agent, llm, tool = (getattr(OpenInferenceSpanKindValues, kind).value for kind in ("AGENT", "LLM", "TOOL"))
    assert kinds == [agent, llm, llm, tool, llm, tool, llm]
    start = 1767225600_125_000_000
    times = [((s.start_time_unix_nano - start) / 1e6, (s.end_time_unix_nano - start) / 1e6) for s in spans]
    assert times == [
        (0, 3250),
        (750, 1000),
        (1250, 1500),
        (1590, 1600),
        (1600, 2100),
        (2180, 2200),
        (2500, 3000),
    ]
    assert [span.status.code for span in spans] == [1, 1, 1, 2, 1, 1, 1]
    assert spans[3].status.message == "divided"
    assert spans_of(trace, "a run") == spans_of(trace, "a run")


def test_spans_have_messages_and_tokens() -> None:
    spans = parsed(json.dumps(spans_of(two_rounds(), "a run")))
    root, paused, first, cell, second = (attributes(span) for span in spans[:5])
    assert (root[SpanAttributes.INPUT_VALUE], root[SpanAttributes.OUTPUT_VALUE]) == ("What is 6 * 7?", "42")
    assert json.loads(root[SpanAttributes.METADATA])["finish"]["reason"] == "answer"
    assert (first[SpanAttributes.LLM_MODEL_NAME], first[SpanAttributes.LLM_TOKEN_COUNT_TOTAL]) == ("m", 15)
    assert paused[SpanAttributes.LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_READ] == 4
    assert SpanAttributes.LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_READ not in second
    assert json.loads(first[SpanAttributes.LLM_INVOCATION_PARAMETERS]) == {"temperature": 0.5}
    assert json.loads(paused[SpanAttributes.INPUT_VALUE])[1]["content"] == "What is 6 * 7?"
    assert SpanAttributes.OUTPUT_VALUE not in paused
    assert first[SpanAttributes.OUTPUT_VALUE] == "Let me see.\n```python\n1/0\n```\n"
    sent = f"{SpanAttributes.LLM_INPUT_MESSAGES}.2.{MessageAttributes.MESSAGE_CONTENT}"
    assert second[sent].endswith("```output\nError\n```\n")
    assert second[f"{SpanAttributes.LLM_INPUT_MESSAGES}.2.{MessageAttributes.MESSAGE_ROLE}"] == "assistant"
    said = f"{SpanAttributes.LLM_OUTPUT_MESSAGES}.0.{MessageAttributes.MESSAGE_CONTENT}"
    assert second[said] == "```python\nprint(42)\n```\n"
    assert (cell[SpanAttributes.TOOL_NAME], cell[SpanAttributes.OUTPUT_VALUE]) == ("python", "Error")
    assert json.loads(cell[SpanAttributes.INPUT_VALUE]) == {"code": "1/0\n"}


def test_every_attribute_is_one_of_openinference() -> None:
    known = {value for name, value in vars(SpanAttributes).items() if name.isupper()}
    message = {value for name, value in vars(MessageAttributes).items() if name.isupper()}
    for span in parsed(json.dumps(spans_of(two_rounds(), "a run"))):
        for key in attributes(span):
            prefix, _, rest = key.partition("_messages.")
            assert key in known or (f"{prefix}_messages" in known and rest.partition(".")[2] in message), key


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "a run", [solved("a"), solved("b", answer="41")])


def documents(path: Path) -> Iterator[dict[str, Any]]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    for file in files:
        texts = file.read_text().splitlines() if file.suffix == ".jsonl" else [file.read_text()]
        yield from map(json.loads, texts)


@pytest.mark.parametrize("target", ["traces.jsonl", "folder", "new/folder"])
def test_a_run_in_files(run: Path, tmp_path: Path, target: str) -> None:
    assert export_traces(open_collection(run), "atif", tmp_path / target) == (2, [])
    found = list(documents(tmp_path / target))
    for document in found:
        check(document)
    assert [document["extra"]["verdict"] for document in found] == ["correct", "wrong"]
    export_traces(open_collection(run), "otel", tmp_path / "spans.jsonl")
    assert len((tmp_path / "spans.jsonl").read_text().splitlines()) == 2


def test_one_trace_in_a_file_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(
        solved("a").model_copy(update={"id": "../../x"}).model_dump_json() + "\n"
    )
    collection = open_collection(tmp_path / "one.jsonl")
    export_traces(collection, "atif", tmp_path / "trajectory.json")
    check(json.loads((tmp_path / "trajectory.json").read_text()))
    two = (tmp_path / "one.jsonl").read_text() * 2
    (tmp_path / "two.jsonl").write_text(two)
    export_traces(open_collection(tmp_path / "two.jsonl"), "atif", tmp_path / "folder")
    assert [file.name for file in sorted((tmp_path / "folder").iterdir())] == [
        "000000-.._.._x.json",
        "000001-.._.._x.json",
    ]


def test_traces_without_times_are_no_spans(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    theirs = opened(tmp_path / "theirs", {"question": "?", "generation": FENCED})
    with pytest.raises(UsageError, match="no trace has recorded times"):
        export_traces(theirs, "otel", tmp_path / "spans.jsonl")
    mixed = tmp_path / "mixed.jsonl"
    traces = [theirs.trace(theirs.entries[0]), solved("a")]
    mixed.write_text("".join(trace.model_dump_json() + "\n" for trace in traces))
    number, notices = export_traces(open_collection(mixed), "otel", tmp_path / "spans.jsonl")
    assert (number, notices) == (1, ["1 traces without recorded times are left out"])
