"""One live kernel: a process and the line to it, from start to end."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any, Literal

from kernels_sandbox.errors import KernelStartError
from kernels_sandbox.line import Line
from kernels_sandbox.messages import CellFold, OnOutput
from kernels_sandbox.policy import Policy
from kernels_sandbox.process import KernelProcess, Launcher
from kernels_sandbox.result import CellResult
from kernels_sandbox.wire import HEADROOM, TooHeavy, decode, execute_request, new_id

StopReason = Literal["timeout", "interrupted", "output_limit"]


HANG_UP_SECONDS = 0.2
"""How long a kernel may outlive the line to it: a dying one closes it a little before its end."""


_PRIMING = {
    "sympy": "import sympy as s; x = s.Symbol('x'); s.solve(x**2 - 3*x + 2, x); s.factor(x**2 - 1)",
    "numpy": "import numpy as n; n.linalg.inv(n.eye(2))",
}


class _Cell:
    """A cell on its way."""

    def __init__(self, fold: CellFold, loop: asyncio.AbstractEventLoop) -> None:
        self.id = new_id()
        self.fold = fold
        self.finished: asyncio.Future[None] = loop.create_future()
        self.stop: asyncio.Future[StopReason] = loop.create_future()

    def ask_stop(self, reason: StopReason) -> None:
        """End the cell for this reason, unless there is one already."""
        if not self.stop.done():
            self.stop.set_result(reason)

    def look(self) -> None:
        """Note what the last message changed."""
        if self.fold.over_budget:
            self.ask_stop("output_limit")
        if self.fold.finished and not self.finished.done():
            self.finished.set_result(None)


class LiveKernel:
    """A kernel process that answers. Cells run one at a time; the caller sees to that."""

    def __init__(self, policy: Policy) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._policy = policy
        self._session = new_id()
        self._cell: _Cell | None = None
        self._tampered = False
        self._killed = False
        self._hung_up = False
        self._welcome: asyncio.Future[None] = loop.create_future()
        self._line = Line(self._longest, self._on_message)
        self.process: KernelProcess

    @classmethod
    async def start(cls, launcher: Launcher, policy: Policy) -> LiveKernel:
        """Launch a kernel and wait until it answers. Raises KernelStartError."""
        kernel = cls(policy)
        try:
            kernel.process = await launcher.launch({"line": kernel._line.kernel_end})
        except BaseException:
            kernel._line.close()
            raise
        kernel._line.handed_over()
        try:
            await kernel._ready()
        except BaseException:
            await kernel.aclose()
            raise
        return kernel

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return not self.process.exited.done()

    def stop_cell(self, reason: StopReason) -> bool:
        """Ask the running cell to end; false if none runs."""
        if self._cell is None:
            return False
        self._cell.ask_stop(reason)
        return True

    async def execute(
        self, code: str, seconds: float, on_output: OnOutput | None = None, *, counted: bool = True
    ) -> CellResult:
        """Run one cell and return when it has ended, or when the kernel had to be killed (`state_lost`)."""
        began = time.perf_counter()
        fold = CellFold(self._policy.output_bytes, on_output)
        cell = self._cell = _Cell(fold, self._loop)
        exited = self.process.exited
        ends: set[asyncio.Future[Any]] = {cell.finished, cell.stop, exited, self._line.closed}
        try:
            self._line.send(execute_request(code, cell.id, self._session, counted=counted))
            await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if self._line.closed.done():
                await self._gone()
            reason: StopReason | None = None
            if cell.stop.done():
                reason = cell.stop.result()
            elif not cell.finished.done() and not exited.done():
                reason = "timeout"
            if exited.done():
                self._line.drain()  # its last words
            obeyed = cell.finished.done() or (reason is not None and await self._interrupt(cell))
            if not obeyed and not self._killed:
                reason = None  # it died by itself before it could be stopped
            return self._outcome(cell, reason, obeyed, seconds, time.perf_counter() - began)
        except BaseException:
            self.process.kill()
            raise
        finally:
            self._cell = None

    async def prime(self) -> None:
        """Use the preloaded modules once, without a trace, so that the first cell finds their memory its own already.

        Memory shared with the zygote is copied when it is first written to, which costs a first cell 10 ms and more.
        """
        for module in self._policy.preload:
            if module in _PRIMING:
                code = f"exec({_PRIMING[module]!r}, {{}})"
                await self.execute(code, self._policy.cell_seconds, counted=False)
        await self.execute("1/0", self._policy.cell_seconds, counted=False)

    async def aclose(self) -> None:
        """Kill the process, wait for its end, close the line."""
        self.process.kill()
        self._line.close()
        await asyncio.wait({self.process.exited})

    async def _ready(self) -> None:
        exited = self.process.exited
        ends: set[asyncio.Future[Any]] = {self._welcome, exited}
        await asyncio.wait(ends, timeout=self._policy.start_seconds, return_when=asyncio.FIRST_COMPLETED)
        if not self._welcome.done():
            why = (
                exited.result().describe()
                if exited.done()
                else f"it did not answer within {self._policy.start_seconds:g} s"
            )
            raise KernelStartError(
                f"a kernel did not start: {why}", "check that the modules to preload exist"
            )
        if self._policy.startup:
            result = await self.execute(self._policy.startup, self._policy.start_seconds, counted=False)
            if not result.ok:
                why = f"{result.error.name}: {result.error.value}" if result.error else result.detail
                raise KernelStartError(f"the startup code failed: {why}")

    async def _gone(self) -> None:
        """The line is closed: the kernel is dying, or can't be talked to any more and is made to."""
        exited = self.process.exited
        await asyncio.wait({exited}, timeout=HANG_UP_SECONDS)
        if not exited.done():
            self._hung_up = True
            self.process.kill()
            await asyncio.wait({exited})

    async def _interrupt(self, cell: _Cell) -> bool:
        """Interrupt the cell, kill the kernel if it does not obey; whether it obeyed."""
        exited = self.process.exited
        self.process.send_signal(signal.SIGINT)
        ends: set[asyncio.Future[Any]] = {cell.finished, exited}
        await asyncio.wait(ends, timeout=self._policy.interrupt_grace, return_when=asyncio.FIRST_COMPLETED)
        if cell.finished.done() and not exited.done():
            return True
        if not exited.done():
            self._killed = True
            self.process.kill()
        await asyncio.wait({exited})
        return False

    def _outcome(
        self, cell: _Cell, reason: StopReason | None, obeyed: bool, limit: float, seconds: float
    ) -> CellResult:
        fold = cell.fold
        if self._tampered:
            fold.suspect = True
        lost = not obeyed
        if reason is None:
            if obeyed:
                return fold.result(None, seconds)
            how = self.process.exited.result().describe()
            why = "it closed the connection to its pool, and was killed" if self._hung_up else how
            return fold.result("died", seconds, state_lost=True, detail=f"The kernel died: {why}. {LOST}")
        budget = self._policy.output_bytes
        told = {
            "timeout": f"The cell ran longer than {limit:g} s",
            "interrupted": "The cell was interrupted",
            "output_limit": f"The cell wrote more than {budget} bytes of output",
        }[reason]
        grace = self._policy.interrupt_grace
        ended = (
            f" and did not obey an interrupt within {grace:g} s, so its kernel was killed. {LOST}"
            if lost
            else " and was stopped. Variables are kept."
        )
        return fold.result(reason, seconds, state_lost=lost, detail=told + ended)

    def _longest(self) -> int:
        """Bytes that a message may have now."""
        return HEADROOM + (self._cell.fold.room if self._cell is not None else 0)

    def _on_message(self, body: bytearray | None) -> None:
        cell = self._cell
        try:
            message = decode(body, self._longest() - HEADROOM) if body is not None else body
        except TooHeavy:
            body = None
        if body is None:
            if cell is not None:
                cell.fold.lost_output()
                cell.look()
        elif message is None:
            self._tampered = True
        elif message.type == "ready":
            if not self._welcome.done():
                self._welcome.set_result(None)
        elif message.type == "execute_reply" and (cell is None or message.parent_id != cell.id):
            # A second reply to an earlier cell, or one to no cell at all: no honest kernel sends it.
            self._tampered = True
        elif cell is not None:
            if message.parent_id == cell.id:
                cell.fold.add(message)
            else:
                cell.fold.foreign(message)
            cell.look()


LOST = "All variables, imports and files are lost."
