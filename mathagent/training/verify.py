"""Run programs in the sandbox and keep those that print their answer: hundreds to a kernel, each in a world of its own.

The programs are the project's own conversions, so they may share a kernel; what a model wrote gets one to itself (the
loop does that, see `keep`).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

from kernels_sandbox import KernelPool
from mathagent.training.example import Program

BATCH = 400
"""Programs in one cell."""

_RUNNER = """
import contextlib, io, json
def _run(code):
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "program", "exec"), {})
    except BaseException as error:
        return [None, type(error).__name__]
    return [printed.getvalue(), ""]
print(json.dumps([_run(code) for code in json.loads(%r)]))
"""


async def outputs(
    pool: KernelPool, programs: Sequence[Program]
) -> AsyncIterator[tuple[Program, str | None, str]]:
    """(program, what it printed or None, the error's name or "") in order. Raises RuntimeError if a batch is lost."""
    for start in range(0, len(programs), BATCH):
        batch = programs[start : start + BATCH]
        async with pool.kernel() as kernel:
            result = await kernel.execute(_RUNNER % json.dumps([each.code for each in batch]))
        if not result.ok:
            raise RuntimeError(
                f"a batch of programs ended with {result.status}: {result.detail or result.error}"
            )
        for program, (printed, error) in zip(batch, json.loads(result.stdout), strict=True):
            yield program, printed, error
