"""Choices: questions that a reply ends with, each answered by the model's probabilities instead of its words.

The reply so far and the question's lead are continued by each option in turn, so to speak: how likely each is, the
server tells in one request, in which nothing is drawn. The likeliest option is then written into the reply, after which
the next question follows: a solution's steps are judged in one reply, whose text the prefix cache serves.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import log
from typing import Protocol, TypeVar

from mathagent.errors import UsageError
from mathagent.events import Choice, Event, Request
from mathagent.protocols import Part, WireProtocol
from mathagent.reply import GrowingReply
from mathagent.types import Message, ModelClient, Reward

T = TypeVar("T")
_LEAST = 1e-300  # of a probability: its logarithm is finite, and JSON can hold it


class Wait(Protocol):
    """Waits for the model, as long as the rollout may."""

    def __call__(self, ask: Callable[[], Awaitable[T]]) -> Awaitable[T]:
        """The result of what `ask` begins."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """One choice. lead: text that stands before it. options: what may follow. names: what each option means."""

    lead: str
    options: tuple[str, ...]
    names: tuple[str, ...]


async def choose(
    questions: Sequence[Question],
    messages: Sequence[Message],
    reply: GrowingReply,
    *,
    model: ModelClient,
    protocol: WireProtocol,
    reward: Reward | None = None,
    can_continue: bool,
    wait: Wait,
) -> AsyncIterator[Event]:
    """Ask the questions that the reply has no choice of yet; after each come a `Request` and a `Choice`.

    A reward model makes all choices in one request. Who consumes the events takes each into `reply` before the next is
    asked for. Raises ModelError, and UsageError where the server can't go on in an unfinished message and there is more
    to it than one choice at the start.
    """
    if reward is not None:
        async for event in _rewarded(questions, messages, reply, model=model, reward=reward, wait=wait):
            yield event
        return
    for question in questions[len(reply.choices) :]:
        lead, options = _placed(question, reply.text), question.options
        if not can_continue:
            if reply.parts or len(questions) > 1:
                raise UsageError(
                    "this server can't go on in an unfinished message, which a verdict after other text needs",
                    "serve with vLLM, SGLang or llama.cpp, or ask for one verdict without reasoning",
                )
            lead, options = "", tuple(option.strip() for option in options)
        parts = [*reply.parts, Part("prompt", lead)] if lead else reply.parts
        request = protocol.request(messages, parts, can_continue=can_continue)
        started = time.monotonic()
        scores = await wait(lambda request=request, options=options: model.choose(request, options))  # type: ignore[misc]
        seconds = time.monotonic() - started
        yield Request(scores.usage, seconds, seconds, "choice", None)
        yield Choice(lead, options, scores.logprobs, scores.exact)


def verdict(questions: Sequence[Question], choices: Sequence[Choice]) -> str | None:
    """What the choices mean together; None while some are missing.

    Of several questions, the steps of a solution, the last-named option that was chosen at all: one wrong step makes a
    solution wrong.
    """
    if not questions or len(choices) < len(questions):
        return None
    return questions[0].names[max(choice.chosen for choice in choices)]


async def _rewarded(
    questions: Sequence[Question],
    messages: Sequence[Message],
    reply: GrowingReply,
    *,
    model: ModelClient,
    reward: Reward,
    wait: Wait,
) -> AsyncIterator[Event]:
    """The same choices by a reward model: that a step is right is the first of two options."""
    if len(reply.choices) == len(questions):
        return
    started = time.monotonic()
    rewards = await wait(lambda: model.reward(messages, reward, len(questions)))
    seconds = time.monotonic() - started
    yield Request(rewards.usage, seconds, seconds, "reward", None)
    known = len(reply.choices)
    for question, right in zip(questions[known:], rewards.probabilities[known:], strict=True):
        logprobs = (log(max(right, _LEAST)), log(max(1 - right, _LEAST)))
        yield Choice(_placed(question, reply.text), question.options, logprobs, (True, True))


def _placed(question: Question, before: str) -> str:
    """The lead on a line of its own."""
    return question.lead if not before or before.endswith("\n") else f"\n{question.lead}"
