"""Traces whose cells were really run, as the tests of notebooks need them."""

from __future__ import annotations

from collections.abc import Sequence

from kernels_sandbox import CellResult, KernelPool, Policy
from mathagent.events import Answer, CodeBlock, Event, Execution, Finish, Request, Started, Text
from mathagent.trace import Trace
from mathagent.types import Message, ModelInfo, TokenUsage
from tests.trace.conftest import make_recorder

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def trace_of(*said: str | tuple[str, CellResult | None], problem: str = "What is 6 * 7?") -> Trace:
    """A trace of prose and of blocks with their results (None: never run)."""
    events: list[Event] = [Started(ModelInfo("m", 4096, "vllm", True), (Message("user", problem),), 4096)]
    index = 0
    for each in said:
        if isinstance(each, str):
            events.append(Text(each, "", "text"))
            continue
        code, result = each
        events.append(CodeBlock(index, code, f"```python\n{code}\n```\n", ""))
        if result is not None:
            events.append(Execution(index, result, result.stdout, f"```output\n{result.stdout}\n```\n"))
        index += 1
    events += [
        Request(TokenUsage(12, 5, 0), 0.25, 0.1, "stop", None),
        Answer("42"),
        Finish("answer", "the model ended its reply"),
    ]
    recorder = make_recorder(problem)
    for event in events:
        recorder.take(event)
    return recorder.trace()


async def ran(cells: Sequence[str], *, timeout: float = 20.0) -> Trace:
    """The trace of cells that one kernel of this machine has run."""
    said: list[str | tuple[str, CellResult | None]] = []
    async with KernelPool(Policy(min_level="none"), warm=0) as pool, pool.kernel() as kernel:
        for code in cells:
            said += ["I go on.\n", (code, await kernel.execute(code, timeout=timeout))]
    trace = trace_of(*said)
    trace.limits["cell_seconds"] = timeout
    return trace
