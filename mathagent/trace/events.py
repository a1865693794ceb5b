"""Stored steps back into the loop's events, so that a rollout can go on from a record of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kernels_sandbox import CellResult
from mathagent.events import Choice, CodeBlock, Event, Execution, Failure, Prefill, Request, Text
from mathagent.trace.schema import (
    ChoiceStep,
    CodeStep,
    FailureStep,
    OutputStep,
    PrefillStep,
    RequestStep,
    Step,
    TextStep,
)
from mathagent.types import Logprobs, TokenUsage


def choice_of(step: ChoiceStep) -> Choice:
    """The choice that a step records."""
    return Choice(step.lead, tuple(step.options), tuple(step.logprobs), tuple(step.exact))


def events_of(steps: Sequence[Step]) -> Iterator[Event]:
    """The events that the steps were recorded from, in order."""
    for step in steps:
        match step:
            case PrefillStep():
                yield Prefill(step.raw)
            case TextStep():
                yield Text(step.raw, step.reasoning, step.kind)
            case ChoiceStep():
                yield choice_of(step)
            case CodeStep():
                yield CodeBlock(step.index, step.code, step.raw, step.discarded, step.closed)
            case OutputStep():
                yield Execution(step.index, CellResult.from_dict(step.result), step.shown, step.raw)
            case RequestStep():
                usage = TokenUsage(step.prompt_tokens, step.completion_tokens, step.cached_tokens, step.exact)
                logprobs = (
                    None if step.logprob_sum is None else Logprobs(step.logprob_sum, step.logprob_tokens)
                )
                first, finish = step.first_token_seconds, step.finish
                yield Request(usage, step.seconds, first, finish, step.stop_reason, logprobs)
            case FailureStep():
                yield Failure(step.kind, step.message, step.hint)
