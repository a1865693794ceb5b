"""A conversation: exchanges of one person with one model, over one kernel that keeps its state."""

from __future__ import annotations

from dataclasses import dataclass

from mathagent.executor import KernelExecutor
from mathagent.loop import Rollout
from mathagent.session import Session
from mathagent.trace.recorder import Recorder
from mathagent.trace.schema import CodeStep, OutputStep, ProblemRecord, Trace
from mathagent.types import Message


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its reply, as a trace."""

    question: str
    trace: Trace

    @property
    def code(self) -> list[str]:
        """The blocks that were run and did not fail, in order: what the kernel's state came from."""
        ran = {
            step.index
            for step in self.trace.steps
            if isinstance(step, OutputStep) and step.result["status"] == "ok"
        }
        return [step.code for step in self.trace.steps if isinstance(step, CodeStep) and step.index in ran]

    @property
    def ran(self) -> bool:
        """Whether any code was run, well or not: what failed may have set variables before it did."""
        return any(isinstance(step, OutputStep) for step in self.trace.steps)


class Conversation:
    """The exchanges so far, and the kernel that they share.

    Args:
        session: the model and its settings; replace it by `session = ...` to go on with another one.
        executor: the kernel; its state goes from one exchange to the next.
    """

    def __init__(self, session: Session, executor: KernelExecutor) -> None:
        self.session = session
        self.executor = executor
        self.exchanges: list[Exchange] = []

    def ask(self, question: str) -> tuple[Rollout, Recorder]:
        """A rollout that answers the next question, and a recorder for it; `keep` it when it has ended."""
        messages = self._messages(question)
        recorder = self.session.recorder(ProblemRecord(id="", text=question, source="chat"))
        return self.session.rollout(messages, self.executor), recorder

    def keep(self, question: str, trace: Trace) -> None:
        """Take a finished exchange into the conversation; one without any reply is left out."""
        if trace.reply.strip():
            self.exchanges.append(Exchange(question, trace))

    async def reset(self) -> None:
        """Forget everything, the kernel's state too."""
        self.exchanges.clear()
        await self.executor.reset()

    async def undo(self) -> tuple[Exchange | None, int, int]:
        """Take back the last exchange, and rebuild the kernel's state from the code of those before it.

        Returns the exchange (None if there was none), the cells that ran again well, and the cells that did not.
        """
        if not self.exchanges:
            return None, 0, 0
        taken = self.exchanges.pop()
        if not taken.ran:
            return taken, 0, 0
        await self.executor.reset()
        restored = lost = 0
        for exchange in self.exchanges:
            for code in exchange.code:
                result = await self.executor.execute(code, timeout=self.session.limits.cell_seconds)
                restored, lost = restored + (result.status == "ok"), lost + (result.status != "ok")
        return taken, restored, lost

    def code(self) -> str:
        """All code that ran, as one script."""
        blocks = [
            f"# {number}. {' '.join(each.question.split())}\n" + "\n\n".join(each.code)
            for number, each in enumerate(self.exchanges, 1)
            if each.code
        ]
        return "\n\n".join(blocks)

    def markdown(self) -> str:
        """The conversation as Markdown."""
        return "\n".join(f"## {each.question}\n\n{each.trace.reply.strip()}\n" for each in self.exchanges)

    def _messages(self, question: str) -> tuple[Message, ...]:
        """The prompt's messages for the first question, then the exchanges, then the next question."""
        fresh = self.session.messages
        if not self.exchanges:
            return fresh(question)
        messages = [*fresh(self.exchanges[0].question)]
        for index, exchange in enumerate(self.exchanges):
            if index:
                messages.append(fresh(exchange.question)[-1])
            messages.append(Message("assistant", exchange.trace.reply))
        return (*messages, fresh(question)[-1])
