"""Fold the events of one solve into its trace."""

from __future__ import annotations

import platform
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from typing import Any

from mathagent import __version__
from mathagent.events import (
    Answer,
    Choice,
    CodeBlock,
    Event,
    Execution,
    Failure,
    Finish,
    Prefill,
    Request,
    Started,
    Text,
)
from mathagent.limits import Limits
from mathagent.trace.events import events_of
from mathagent.trace.schema import (
    ChoiceStep,
    CodeStep,
    FailureStep,
    FinishRecord,
    GradeRecord,
    ModelRecord,
    OutputStep,
    PrefillStep,
    ProblemRecord,
    PromptRecord,
    RequestStep,
    SandboxRecord,
    Step,
    TextStep,
    Trace,
    UsageRecord,
)
from mathagent.types import Sampling

_PACKAGES = ("ipykernel", "jupyter_client", "sympy", "numpy", "openai", "math-verify")


class Recorder:
    """Takes every event of one solve; `trace()` gives the record at any time, finished or not.

    Args:
        problem: the problem. endpoint: the server's address. demo: the embedded demonstration model answers.
        prompt: name and hash of the prompt. mode, protocol, sampling, limits: the settings.
        sandbox: the isolation that kernels have; None where no code can be run.
        versions: versions besides those of the Python packages (the server's, say).
    """

    def __init__(
        self,
        *,
        problem: ProblemRecord,
        endpoint: str,
        demo: bool,
        prompt: tuple[str, str],
        mode: str,
        protocol: str,
        sampling: Sampling,
        limits: Limits,
        sandbox: SandboxRecord | None,
        versions: Mapping[str, str],
    ) -> None:
        now = datetime.now(UTC)
        self.id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        self._now = now
        self._start = time.monotonic()
        self._problem, self._mode, self._protocol = problem, mode, protocol
        self._model = ModelRecord(name="", endpoint=endpoint, demo=demo)
        self._prompt = PromptRecord(name=prompt[0], sha256=prompt[1], messages=[])
        self._sampling, self._limits, self._sandbox = sampling, limits, sandbox
        self._versions = {**package_versions(), **versions}
        self._steps: list[Step] = []
        self._usage = UsageRecord()
        self._answer: str | None = None
        self._finish = FinishRecord(reason="cancelled", detail="the solve did not end by itself")
        self._seconds: float | None = None
        self.grade: GradeRecord | None = None

    @property
    def usage(self) -> UsageRecord:
        """The totals so far."""
        return self._usage

    @property
    def started(self) -> str:
        """When the solve began: UTC, ISO 8601."""
        return self._now.isoformat(timespec="milliseconds")

    @property
    def steps(self) -> list[Step]:
        """The steps so far, in order."""
        return self._steps

    def resume(self, id: str, started: str, steps: Sequence[Step]) -> float:
        """Go on with the record of a solve that was stopped; returns the seconds that it had used.

        The time between its last step and now is no part of its seconds.
        """
        self.id, self._now = id, datetime.fromisoformat(started)
        for event in events_of(steps):
            self.take(event)
        self._steps = list(steps)  # with their own times
        seconds = steps[-1].at if steps else 0.0
        self._start = time.monotonic() - seconds
        return seconds

    def take(self, event: Event) -> None:
        """Take the next event."""
        at = round(time.monotonic() - self._start, 4)
        match event:
            case Started(model, messages, context):
                self._model = self._model.model_copy(
                    update={"name": model.id, "owner": model.owner, "context_tokens": context}
                )
                self._prompt.messages = [
                    {"role": each.role, "content": each.content} | ({"name": each.name} if each.name else {})
                    for each in messages
                ]
            case Prefill(raw):
                self._steps.append(PrefillStep(at=at, raw=raw))
            case Text(raw, reasoning, kind):
                self._steps.append(TextStep(at=at, raw=raw, reasoning=reasoning, kind=kind))
            case Choice(lead, options, logprobs, exact):
                choice = ChoiceStep(
                    at=at,
                    raw=event.raw,
                    lead=lead,
                    options=list(options),
                    logprobs=list(logprobs),
                    exact=list(exact),
                )
                self._steps.append(choice)
            case CodeBlock(index, code, raw, discarded, closed):
                step = CodeStep(at=at, index=index, raw=raw, code=code, discarded=discarded, closed=closed)
                self._steps.append(step)
            case Execution(index, result, shown, raw):
                output = OutputStep(at=at, index=index, raw=raw, shown=shown, result=result.to_dict())
                self._steps.append(output)
                self._usage.executions += 1
                self._usage.kernel_seconds += result.seconds
            case Request():
                self._request(at, event)
            case Failure(kind, message, hint):
                self._steps.append(FailureStep(at=at, kind=kind, message=message, hint=hint))
            case Answer(text):
                self._answer = text
            case Finish(reason, detail):
                self._finish = FinishRecord(reason=reason, detail=detail)
                self._seconds = time.monotonic() - self._start
            case _:
                pass  # deltas are for eyes only

    def _request(self, at: float, event: Request) -> None:
        usage, total, logprobs = event.usage, self._usage, event.logprobs
        self._steps.append(
            RequestStep(
                at=at,
                prompt_tokens=usage.prompt,
                completion_tokens=usage.completion,
                cached_tokens=usage.cached,
                exact=usage.exact,
                seconds=round(event.seconds, 4),
                first_token_seconds=None if event.first is None else round(event.first, 4),
                finish=event.finish,
                stop_reason=event.stop_reason,
                logprob_sum=None if logprobs is None else round(logprobs.total, 6),
                logprob_tokens=0 if logprobs is None else logprobs.tokens,
            )
        )
        total.requests += 1
        total.prompt_tokens += usage.prompt
        total.completion_tokens += usage.completion
        if usage.cached is not None:
            total.cached_tokens = (total.cached_tokens or 0) + usage.cached
        total.model_seconds += event.seconds

    def trace(self) -> Trace:
        """The record of what has been taken so far."""
        seconds = self._seconds if self._seconds is not None else time.monotonic() - self._start
        sampling: dict[str, Any] = {
            k: v for k, v in asdict(self._sampling).items() if v is not None and v != {}
        }
        return Trace(
            id=self.id,
            started=self.started,
            seconds=round(seconds, 4),
            problem=self._problem,
            model=self._model,
            mode=self._mode,
            protocol=self._protocol,
            prompt=self._prompt,
            sampling=sampling,
            limits=asdict(self._limits),
            sandbox=self._sandbox,
            steps=list(self._steps),
            answer=self._answer,
            finish=self._finish,
            grade=self.grade,
            usage=self._usage.model_copy(),
            versions=self._versions,
        )


@cache
def package_versions() -> dict[str, str]:
    """Versions of mathagent, Python and the packages that have a part in a result."""
    found = {"mathagent": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
