"""What the page shows of one trace when it is opened, as JSON. What can be told from the rest is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mathagent.run.rows import Row
from mathagent.shown import clean
from mathagent.trace.events import choice_of
from mathagent.trace.schema import ChoiceStep, CodeStep, OutputStep, RequestStep, TextStep, Trace

_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")


def body_of(trace: Trace, row: Row | None) -> dict[str, Any]:
    """A trace for the page. Texts are the trace's own; what a kernel wrote beyond them is cleaned of terminal codes.

    Args:
        trace: the trace.
        row: its row of a run, where there is one; it has the last verdict.
    """
    detail = row.grade_detail if row else trace.grade.detail if trace.grade else ""
    return {
        "id": trace.id,
        "problem": trace.problem.text,
        "detail": trace.finish.detail,
        "grade": detail,
        "steps": [_step(step) for step in trace.steps],
        "messages": trace.prompt.messages,
        "usage": trace.usage.model_dump(),
        "about": dict(_about(trace)),
    }


def _step(step: Any) -> dict[str, Any]:
    if isinstance(step, TextStep):
        return _filled(type="text", at=step.at, raw=step.raw, reasoning=step.reasoning, kind=step.kind)
    if isinstance(step, ChoiceStep):
        choice = choice_of(step)
        shares = [
            {"option": option.strip(), "share": share, "bound": not exact}
            for option, share, exact in zip(choice.options, choice.probabilities, choice.exact, strict=True)
        ]
        return _filled(type="choice", at=step.at, raw=step.raw, shares=shares, mass=choice.mass)
    if isinstance(step, CodeStep):
        around = _around(step.raw, step.code)
        return _filled(
            type="code", at=step.at, index=step.index, code=step.code, discarded=step.discarded, around=around
        )
    if isinstance(step, OutputStep):
        return _output(step)
    if isinstance(step, RequestStep):
        kept = step.model_dump(exclude={"raw", "exact"})
        return kept if step.exact else {**kept, "about": True}
    record: dict[str, Any] = step.model_dump()
    return record


def _output(step: OutputStep) -> dict[str, Any]:
    result = step.result
    error = result.get("error") or {}
    whole = "\n".join(
        part.rstrip("\n")
        for part in map(_text, (result.get("stdout"), result.get("stderr"), result.get("result")))
        if part.strip()
    )
    traceback = _text(error.get("traceback"))
    return _filled(
        type="output",
        at=step.at,
        index=step.index,
        shown=step.shown,
        around=_around(step.raw, step.shown),
        status=_text(result.get("status")),
        seconds=None if result.get("status") == "unknown" else result.get("seconds"),
        whole=whole if whole not in step.shown else "",
        traceback=traceback if traceback.strip() not in step.shown else "",
        displays=[found for each in result.get("displays") or () if (found := _display(each))],
        suspect=result.get("suspect"),
    )


def _around(raw: str, inner: str) -> list[str]:
    """What stands before and after a text in the reply; the reply's own text alone where the text is not in it."""
    at = raw.find(inner)
    return [raw] if at < 0 else [raw[:at], raw[at + len(inner) :]]


def _display(bundle: Any) -> dict[str, str]:
    """The picture of a MIME bundle and its LaTeX; empty where it has neither: its plain text is in the output."""
    if not isinstance(bundle, dict):
        return {}
    found = {}
    for mime in _PICTURES:
        if isinstance(bundle.get(mime), str):
            found = {"mime": mime, "data": bundle[mime], "alt": _text(bundle.get("text/plain"))}
            break
    if isinstance(bundle.get("text/latex"), str):
        found["latex"] = _text(bundle["text/latex"])
    return found


def _about(trace: Trace) -> Iterator[tuple[str, str]]:
    """The settings of a solve, a line each."""
    if trace.imported is not None:
        source = trace.imported
        yield "read from", f"{source.file}, row {source.row}, as {source.format}"
    yield "model", trace.model.name + (" (demonstration)" if trace.model.demo else "")
    yield "endpoint", trace.model.endpoint
    yield "prompt", f"{trace.prompt.name} ({trace.prompt.sha256[:12]})"
    yield "protocol, mode", f"{trace.protocol}, {trace.mode}"
    yield "sampling", _listed(trace.sampling) or "the server's default"
    yield "limits", _listed(trace.limits)
    if trace.sandbox is None:
        yield "sandbox", "no code was run"
    else:
        missing = [name for name, holds in trace.sandbox.layers.items() if not holds]
        yield "sandbox", trace.sandbox.level + (f", without {', '.join(missing)}" if missing else "")
    yield "versions", _listed(trace.versions)


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items() if value is not None)


def _text(value: Any) -> str:
    return clean(value) if isinstance(value, str) else ""


def _filled(**fields: Any) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], False)}
