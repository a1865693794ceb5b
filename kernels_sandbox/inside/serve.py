"""A kernel that was built answers requests: the last step of its start, the same for pools and for notebooks."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping

from kernels_sandbox.inside import line, sockets
from kernels_sandbox.inside.app import SandboxKernel
from kernels_sandbox.inside.output import Budget


def serve(
    kernel: SandboxKernel,
    descriptors: Mapping[str, int],
    *,
    budget: int,
    key: str = "",
    notebook: bool = False,
) -> None:
    """Attach the kernel and answer requests until the process is killed, the pool gone or the notebook shut down.

    Args:
        kernel: made by `build`, and prepared by `line.prepare`.
        descriptors: of a pool's "line"; or of the listening sockets for a notebook, see `sockets.attach`.
        budget: bytes of output per cell.
        key: signs a notebook's messages; empty for none.
        notebook: serve a Jupyter client rather than a pool.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # between cells; ipykernel lets it through during a cell
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    if notebook:
        kernel.session.key = key.encode()
        kernel.session.session = os.urandom(16).hex()
        sockets.attach(kernel, descriptors, Budget(budget))
    else:
        assert kernel.budget is not None
        kernel.budget.size = budget
        line.attach(kernel, descriptors["line"])
    assert kernel.streams is not None
    sys.stdout, sys.stderr = kernel.streams
    loop.run_forever()
    time.sleep(0.05)  # the reply to shutdown_request is on its way in another thread
