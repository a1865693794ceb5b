"""Traces in the Agent Trajectory Interchange Format, ATIF-v1.7: Harbor's RFC 0001, `harbor.models.trajectories`.

The prompt's messages are steps of the system and the user (worked examples of the assistant are copied context). What
the model wrote up to an output is one step of the agent: its words, its code as calls of `python`, their outputs as
observations, the tokens of its requests as metrics. `extra.raw` of a step is its exact text. What a trace does not know
is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mathagent.collection.turns import Turn, about, moment, turns_of
from mathagent.trace.schema import CodeStep, OutputStep, RequestStep, Trace

VERSION = "ATIF-v1.7"


def trajectory(trace: Trace) -> dict[str, Any]:
    """One trace as one ATIF document."""
    steps = [{"step_id": number, **step} for number, step in enumerate(_steps(trace), 1)]
    usage = trace.usage
    totals = {
        "total_prompt_tokens": usage.prompt_tokens if trace.known("usage.prompt_tokens") else None,
        "total_completion_tokens": usage.completion_tokens
        if trace.known("usage.completion_tokens")
        else None,
        "total_cached_tokens": usage.cached_tokens,
        "total_steps": len(steps),
        "extra": _there(
            {
                "executions": usage.executions,
                "seconds": trace.seconds if trace.known("seconds") else None,
                "model_seconds": usage.model_seconds if trace.known("usage.model_seconds") else None,
                "kernel_seconds": usage.kernel_seconds if trace.known("usage.kernel_seconds") else None,
            }
        ),
    }
    source = trace.imported
    return {
        "schema_version": VERSION,
        "session_id": trace.id,
        "trajectory_id": trace.id,
        "agent": _there(
            {
                "name": source.format if source else "mathagent",
                "version": trace.versions.get("mathagent", "unknown"),
                "model_name": trace.model.name or None,
            }
        ),
        "steps": steps,
        "final_metrics": _there(totals),
        "extra": _there(about(trace)),
    }


def _steps(trace: Trace) -> Iterator[dict[str, Any]]:
    messages = trace.prompt.messages or [{"role": "user", "content": trace.problem.text}]
    for message in messages:
        role, text = message["role"], message["content"]
        if role == "assistant":
            yield {"source": "agent", "message": text, "is_copied_context": True}
        else:
            yield {"source": "system" if role == "system" else "user", "message": text}
    for turn in turns_of(trace):
        if turn.written or turn.requests or turn.outputs:
            yield _agent_step(trace, turn)
        for failure in turn.failures:
            at = moment(trace, failure.at)
            yield _there(
                {
                    "timestamp": at.isoformat() if at else None,
                    "source": "system",
                    "message": f"{failure.message} ({failure.hint})" if failure.hint else failure.message,
                    "extra": {"failure": failure.kind},
                }
            )


def _agent_step(trace: Trace, turn: Turn) -> dict[str, Any]:
    at = moment(trace, turn.begin)
    results = {output.index: output for output in turn.outputs}
    calls = {code.index for code in turn.codes}
    observed = [
        _there({"source_call_id": _id(each.index) if each.index in calls else None, "content": each.shown})
        for each in turn.outputs
    ]
    return _there(
        {
            "timestamp": at.isoformat() if at else None,
            "source": "agent",
            "message": turn.prose,
            "reasoning_content": turn.thinking or None,
            "tool_calls": [_call(trace, code, results.get(code.index)) for code in turn.codes] or None,
            "observation": {"results": observed} if observed else None,
            "metrics": _metrics(turn.requests),
            "llm_call_count": len(turn.requests) or None,
            "extra": {"raw": turn.raw},
        }
    )


def _metrics(requests: Sequence[RequestStep]) -> dict[str, Any] | None:
    """The sums over the requests of a step; None without any."""
    if not requests:
        return None
    cached = [each.cached_tokens for each in requests if each.cached_tokens is not None]
    return _there(
        {
            "prompt_tokens": sum(each.prompt_tokens for each in requests),
            "completion_tokens": sum(each.completion_tokens for each in requests),
            "cached_tokens": sum(cached) if cached else None,
            "extra": {
                "seconds": round(sum(each.seconds for each in requests), 4),
                "exact": all(each.exact for each in requests),
            },
        }
    )


def _call(trace: Trace, code: CodeStep, output: OutputStep | None) -> dict[str, Any]:
    extra: dict[str, Any] = {"executed": output is not None}
    if output is not None:
        extra["status"] = output.result.get("status")
        if trace.known("output.seconds"):
            extra["seconds"] = output.result.get("seconds")
    return {
        "tool_call_id": _id(code.index),
        "function_name": "python",
        "arguments": {"code": code.code},
        "extra": extra,
    }


def _id(index: int) -> str:
    return f"call_{index}"


def _there(values: dict[str, Any]) -> dict[str, Any]:
    """Without the fields that are not known: ATIF takes none for null."""
    return {name: value for name, value in values.items() if value is not None}
