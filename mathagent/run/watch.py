"""What a run sees of its servers in finished trajectories, and when it had better end than fill with failures."""

from __future__ import annotations

from collections.abc import Callable

from mathagent.errors import RunError
from mathagent.run.plan import Plan
from mathagent.trace.schema import Trace

_FATAL = 3  # trajectories in a row that fail for good at the server before anything has succeeded: it is the server


class ServerWatch:
    """Looks at every trajectory that has ended.

    Args:
        plan: of the run.
        tell: takes lines about what a person should know.
    """

    def __init__(self, plan: Plan, tell: Callable[[str], None]) -> None:
        self._plan = plan
        self._tell = tell
        self._failures = 0
        self._succeeded = False
        self._told_of_logprobs = False

    def look(self, trace: Trace) -> None:
        """Raises RunError where the server refuses everything, or does not give what votes should weigh by."""
        if trace.finish.reason == "model_error":
            self._failed(trace)
        else:
            self._succeeded = True
            self._look_for_logprobs(trace)

    def _failed(self, trace: Trace) -> None:
        self._failures += 1
        total = len(self._plan.problems) * self._plan.samples
        if not self._succeeded and self._failures >= min(_FATAL, total):
            failed = [step for step in trace.steps if step.type == "failure"]
            raise RunError(
                f"the server fails every request: {trace.finish.detail}", failed[-1].hint if failed else ""
            )

    def _look_for_logprobs(self, trace: Trace) -> None:
        if not self._plan.logprobs or trace.mean_logprob is not None or not trace.usage.completion_tokens:
            return
        if self._plan.weight == "logprob":
            raise RunError(
                "the server gives no log-probabilities, by which votes should weigh",
                "leave out --vote-weight, and choose another --out",
            )
        if not self._told_of_logprobs:
            self._told_of_logprobs = True
            self._tell("the server gives no log-probabilities: mean_logprob stays empty")
