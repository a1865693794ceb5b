"""One trajectory of a run: a rollout whose completed steps are logged, begun anew or taken up where it was stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mathagent.data import Problem
from mathagent.events import Choice, CodeBlock, Execution, Failure, Request
from mathagent.executor import KernelExecutor
from mathagent.loop import Rollout
from mathagent.run.endpoints import Endpoint
from mathagent.run.journal import Begun, Journal, Key
from mathagent.run.kernels import Kernels
from mathagent.session import Session
from mathagent.trace.events import events_of
from mathagent.trace.schema import ProblemRecord, Step, Trace


class Trajectory:
    """A problem and a sample, and how far it has come.

    Args:
        problem: the problem.
        key: its id and the sample.
        seed: of this trajectory's sampling.
        begun: what an earlier process had completed of it; None for nothing.
    """

    def __init__(self, problem: Problem, key: Key, seed: int, begun: Begun | None) -> None:
        self.problem = problem
        self.key = key
        self._seed = seed
        self._begun = begun
        self._rollout: Rollout | None = None
        self.stopped = False
        self.failures = 0  # of servers, for now

    async def stop(self) -> None:
        """End it early: its vote is decided."""
        self.stopped = True
        if self._rollout is not None:
            await self._rollout.cancel()

    async def run(
        self,
        session: Session,
        endpoint: Endpoint,
        kernels: Kernels,
        journal: Journal,
        tokens: Callable[[int], None],
    ) -> tuple[Trace, Failure | None]:
        """Let it grow to its end, or until its server fails for now.

        Args:
            session: prompt, protocol and limits.
            endpoint: who writes.
            kernels: where its code runs.
            journal: takes its completed steps.
            tokens: told of the tokens of each request.

        Returns the trace, and the failure if it passes: then `run` may be called again, and goes on from the last
        completed step.
        """
        sampling = replace(session.sampling, seed=self._seed)
        recorder = session.recorder(
            ProblemRecord(
                id=self.problem.id,
                text=self.problem.text,
                source=self.problem.source,
                level=self.problem.level,
                kind=self.problem.kind,
            ),
            sampling=sampling,
            endpoint=endpoint.address,
        )
        async with KernelExecutor(kernels, kernels.turn) as executor:
            self._rollout = rollout = session.rollout(
                session.messages(self.problem.text, self.problem.given),
                executor,
                given=self.problem.given,
                model=endpoint,
                sampling=sampling,
            )
            if self._begun is None:
                self._begun = Begun(recorder.id, recorder.started)
                journal.begin(self.key, recorder.id, recorder.started)
            else:
                begun = self._begun
                seconds = recorder.resume(begun.trace, begun.started, begun.steps)
                executor.restore(rollout.resume(events_of(begun.steps), seconds))
            if self.stopped:
                await rollout.cancel()
            passing: Failure | None = None
            async for event in rollout.events():
                recorder.take(event)
                match event:
                    case Choice() | CodeBlock() | Execution():
                        self._commit(journal, recorder.steps)
                    case Request(usage):
                        tokens(usage.completion)
                    case Failure(passing=True):
                        passing = event
                        self.failures += 1
                    case _:
                        pass
        trace = recorder.trace().model_copy(update={"sample": self.key[1]})
        if self.stopped:
            trace.stopped = "vote"
        return trace, passing

    def _commit(self, journal: Journal, steps: list[Step]) -> None:
        """Log the steps since the last commit."""
        assert self._begun is not None
        known = self._begun.steps
        fresh = steps[len(known) :]
        journal.commit(self.key, fresh)
        known.extend(fresh)
