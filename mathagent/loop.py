r"""The loop: text, a code block, its output, more text, until a ``\boxed{}`` answer, a limit or a dead end.

One asynchronous stream of typed events (`mathagent.events`); the terminal, the trace and the batch runner only
consume it. The loop knows nothing of gold answers, terminals and files, and names no model, protocol or sandbox.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TypeVar

from kernels_sandbox import CellError, CellResult, OutputChunk, SandboxError
from mathagent.budget import Budget
from mathagent.choosing import Question, choose, verdict
from mathagent.errors import ContextOverflow, ModelBusy, ModelError, ModelUnreachable, StreamCut
from mathagent.events import (
    Answer,
    Choice,
    CodeBlock,
    Event,
    Execution,
    Failure,
    Finish,
    OutputDelta,
    Prefill,
    Request,
    Started,
    Text,
    TextDelta,
)
from mathagent.executor import Executor
from mathagent.limits import Limits
from mathagent.protocols import Block, Part, WireProtocol
from mathagent.reply import GrowingReply
from mathagent.shown import show
from mathagent.stretch import Stretch
from mathagent.types import Message, ModelClient, Reward, Sampling, TokenUsage

T = TypeVar("T")
_SOFT = (
    "execution_limit",
    "token_limit",
    "repeated_error",
)  # ends of the writing after which it can still choose
_PAUSES = 4  # requests of one stretch that may end at a stop string without a block


@dataclass(frozen=True, slots=True)
class Task:
    """What the model is asked, and how.

    messages: everything before the reply. prefill: text that the reply starts with ("" for none).
    stop: stop strings of the prompt's own; one that fires ends the reply.
    last_execution: what the model is told with the output of the last execution that it may use ("" for nothing).
    questions: choices that the reply ends with; the answer is then what they mean (`mathagent.choosing`).
    writes: whether the model writes at all, before the questions if there are any.
    reward: the kind of reward model that answers the questions; None for a model that writes.
    """

    messages: tuple[Message, ...]
    prefill: str = ""
    stop: tuple[str, ...] = ()
    last_execution: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    questions: tuple[Question, ...] = ()
    writes: bool = True
    reward: Reward | None = None


class Rollout:
    """One reply that grows. Iterate `events()` once; `cancel()` ends it early.

    Args:
        task: the messages and settings of the reply.
        model: who writes it.
        protocol: how code stands in it.
        executor: where code runs; it is asked for a kernel only when the first block comes.
        limits: how far it may go.

    A rollout that was stopped goes on with `resume` before `events()`.
    """

    def __init__(
        self, task: Task, *, model: ModelClient, protocol: WireProtocol, executor: Executor, limits: Limits
    ) -> None:
        self._task = task
        self._model = model
        self._protocol = protocol
        self._executor = executor
        self._limits = limits
        self._budget = Budget(limits)
        self._reply = GrowingReply()
        self._elapsed = 0.0
        self._can_continue = False
        self._finish: Finish | None = None
        self._cancelled = False
        self._in_cell = False
        self._waiting: asyncio.Task[object] | None = None  # the task, while it waits for the model

    @property
    def reply(self) -> str:
        """The assistant message so far: what the model was sent and said."""
        return self._reply.text

    def resume(self, events: Iterable[Event], seconds: float) -> list[str]:
        """Take up an earlier rollout of the same task where its last completed step ended.

        Args:
            events: its events in order, up to a code block or an execution. No event is yielded a second time.
            seconds: wall time that it had used.

        Returns the code of the cells that had ended well: the executor's kernel must know their state.
        """
        for event in events:
            self._take(event)
        self._elapsed = seconds
        return list(self._reply.cells)

    async def cancel(self) -> None:
        """Stop the generation or the running cell; the stream then ends with reason "cancelled"."""
        self._cancelled = True
        if self._waiting is not None:
            self._waiting.cancel()
        if self._in_cell:
            await self._executor.interrupt()

    async def events(self) -> AsyncIterator[Event]:
        """Solve. The last event is always `Finish`, with an `Answer` before it if there is one.

        Failures of the model and of the kernel are events; only what cancels the surrounding task is raised.
        """
        try:
            async for event in self._whole():
                self._take(event)
                yield event
        except _Interrupted as interrupted:
            self._finish = interrupted.finish
        except ContextOverflow as error:
            self._finish = Finish("context_limit", error.message)
        except ModelError as error:
            passing = isinstance(error, ModelUnreachable | ModelBusy | StreamCut)
            yield Failure("model", error.message, error.hint, passing)
            self._finish = Finish("model_error", error.message)
        except SandboxError as error:
            yield Failure("kernel", str(error), "run: mathagent doctor")
            self._finish = Finish("kernel_error", str(error))
        questions = self._task.questions
        answer = (
            verdict(questions, self._reply.choices) if questions else self._protocol.answer(self._reply.prose)
        )
        if answer is not None:
            yield Answer(answer)
        yield self._finish or Finish("no_answer" if answer is None else "answer", "the model ended its reply")

    def _take(self, event: Event) -> None:
        """The loop's own record of what it says: state changes by events only."""
        self._reply.take(event)
        if isinstance(event, Request):
            self._budget.spent(event.usage)
        elif isinstance(event, Execution | Choice):
            self._budget.added(event.raw)

    async def _whole(self) -> AsyncIterator[Event]:
        """The reply: what the model writes, and then its choices."""
        info = await self._wait(self._model.describe)
        wire = self._protocol.continues
        self._can_continue = info.can_continue if wire == "server" else wire == "always"
        self._budget.start(self._limits.context or info.context_length, self._elapsed)
        yield Started(info, self._task.messages, self._budget.context)
        if self._task.writes and not self._reply.choices:
            async for event in self._rounds():
                yield event
        if self._finish is None or self._finish.reason in _SOFT:
            async for event in choose(
                self._task.questions,
                self._task.messages,
                self._reply,
                model=self._model,
                protocol=self._protocol,
                reward=self._task.reward,
                can_continue=self._can_continue,
                wait=self._wait,
            ):
                yield event

    async def _rounds(self) -> AsyncIterator[Event]:
        """Write and run in turn, until something ends the writing."""
        prefill = self._task.prefill if self._can_continue and not self._reply.parts else ""
        if prefill:
            yield Prefill(prefill)
        if (block := self._reply.pending) is not None:
            async for event in self._run(block):
                yield event
        while self._finish is None:
            stretch = Stretch(self._protocol.parser(self.reply[: len(self.reply) - len(prefill)]), prefill)
            prefill = ""
            failure = None
            try:
                async for event in self._write(stretch):
                    yield event
            except ModelError as error:
                failure = error  # what was said before it is part of the reply too
            for event in self._keep(stretch):
                yield event
            if failure is not None:
                raise failure
            if stretch.block is None or self._finish is not None:
                return
            async for event in self._run(stretch.block):
                yield event

    async def _write(self, stretch: Stretch) -> AsyncIterator[Event]:
        """Let the model write until a block is complete or the reply ends, in several requests if it must pause."""
        pauses = 0
        while (finish := self._budget.exhausted()) is None:
            before = len(stretch.said)
            ending: Request | None = None
            # Prose that is full of fences would cost a request for each: then the parser alone has to find blocks.
            stop = self._protocol.stop if pauses < _PAUSES else ()
            async with aclosing(self._request(stretch, stop)) as events:
                async for event in events:
                    yield event
                    ending = event if isinstance(event, Request) else ending
            if ending is None or self._finish is not None:
                break
            if stretch.block is not None:
                return
            cut_off = ending.finish == "length"
            if not self._can_continue or len(stretch.said) == before:
                stretch.end(ended=not cut_off)
                finish = (
                    Finish("token_limit", "the server ended the reply for its length") if cut_off else None
                )
                break
            if not cut_off and not stretch.paused_at(stop):
                stretch.end(ended=True)
                return
            pauses += 1
        stretch.end(ended=False)
        self._finish = self._finish or finish

    async def _request(self, stretch: Stretch, stop: tuple[str, ...]) -> AsyncGenerator[Event, None]:
        """One request; its words go into `stretch`. The last event is the `Request`."""
        said = [Part("model", stretch.said, stretch.reasoning)] if stretch.said else []
        request = self._protocol.request(
            self._task.messages, [*self._reply.parts, *said], can_continue=self._can_continue
        )
        chunks = self._model.stream(
            request,
            self._task.sampling,
            stop=(*stop, *self._protocol.ends, *self._task.stop),
            max_tokens=self._budget.next_request(),
        )
        started, first, deltas = time.monotonic(), None, 0
        usage, finish, stop_reason, logprobs = TokenUsage(exact=False), None, None, None
        async with aclosing(chunks) as stream:
            while not stretch.discarded:  # words after a complete block: stop the model there
                try:
                    chunk = await self._wait(stream.__anext__)
                except StopAsyncIteration:
                    break
                except _Interrupted as interrupted:
                    self._finish = interrupted.finish
                    break
                usage, finish = chunk.usage or usage, chunk.finish or finish
                logprobs = chunk.logprobs or logprobs
                stop_reason = chunk.stop_reason if chunk.stop_reason is not None else stop_reason
                if first is None and (chunk.text or chunk.reasoning or chunk.calls):
                    first = time.monotonic() - started
                if chunk.reasoning:
                    stretch.reasoning += chunk.reasoning
                    yield TextDelta(chunk.reasoning, "reasoning")
                if words := self._protocol.words(chunk):
                    deltas += 1
                    yield TextDelta(words, stretch.feed(words))
        if not usage.exact or not usage.completion:
            usage = TokenUsage(usage.prompt, max(usage.completion, deltas), usage.cached, exact=False)
        yield Request(usage, time.monotonic() - started, first, finish, stop_reason, logprobs)

    def _keep(self, stretch: Stretch) -> list[Event]:
        """The events that take what was written into the reply."""
        events: list[Event] = []
        reasoning = stretch.reasoning
        for span in self._protocol.spans(stretch.prose, self.reply):
            events.append(Text(span.raw, reasoning, span.kind))
            reasoning = ""
        if reasoning:
            events.append(Text("", reasoning))
        if (block := stretch.block) is not None:
            index = self._reply.executions
            events.append(CodeBlock(index, block.code, stretch.raw, stretch.discarded, block.closed))
        return events

    async def _run(self, block: Block) -> AsyncIterator[Event]:
        """Run a block and put its output into the reply, unless it is one too many."""
        if self._reply.executions >= self._limits.executions:
            self._finish = Finish("execution_limit", f"code again after {self._reply.executions} executions")
            return
        if self._cancelled:
            self._finish = Finish("cancelled", "stopped before a cell was run")
            return
        index = self._reply.executions
        left = self._limits.executions - index - 1
        self._in_cell = True
        pieces: asyncio.Queue[OutputChunk | None] = asyncio.Queue()
        timeout = max(0.1, min(self._limits.cell_seconds, self._budget.seconds_left()))
        cell = asyncio.ensure_future(self._cell(block, timeout, pieces.put_nowait))
        cell.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield OutputDelta(piece.name, piece.text)
            result = await cell
        finally:
            self._in_cell = False
            cell.cancel()  # only where we are torn down in the middle
        shown = show(result, self._limits.output_chars)
        if left == 0 and self._task.last_execution:
            shown = f"{shown}\n{self._task.last_execution}" if shown else self._task.last_execution
        yield Execution(index, result, shown, self._protocol.output(block, shown, left=left))
        error = result.error
        name, value = (error.name, error.value) if error else (result.status, "")
        repeats = self._reply.same_error(block.code, name, value)
        if self._cancelled:
            self._finish = Finish("cancelled", "stopped while a cell was running")
        elif repeats >= self._limits.repeated_errors:
            self._finish = Finish(
                "repeated_error", f"the same code failed {repeats} times with the same error"
            )

    async def _cell(
        self, block: Block, timeout: float, on_output: Callable[[OutputChunk], None]
    ) -> CellResult:
        if self._cancelled:  # between the block and the start of this task: the executor could not know
            return CellResult(status="interrupted", detail="interrupted before it ran")
        if fault := self._protocol.fault(block):
            return CellResult(status="error", error=CellError("InvalidCall", fault, ""))
        return await self._executor.execute(block.code, timeout=timeout, on_output=on_output)

    async def _wait(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Wait for the model; raises _Interrupted when wall time is over or `cancel` is called."""
        cancelled = Finish("cancelled", "stopped while the model was writing")
        if self._cancelled:
            raise _Interrupted(cancelled)
        self._waiting = task = asyncio.current_task()
        try:
            async with asyncio.timeout_at(self._budget.deadline):
                return await ask()
        except TimeoutError:
            raise _Interrupted(self._budget.time_over()) from None
        except asyncio.CancelledError:
            if not self._cancelled or task is None:
                raise
            task.uncancel()
            raise _Interrupted(cancelled) from None
        finally:
            self._waiting = None


class _Interrupted(Exception):
    """Waiting for the model came to an end before the model did."""

    def __init__(self, finish: Finish) -> None:
        super().__init__(finish.detail)
        self.finish = finish
