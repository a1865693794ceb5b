"""A kernel's process as the host sees it: signals to it, and the news of its end.

Life and death are watched on the process itself (a pidfd where the system has one), never on a channel.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from dataclasses import asdict, dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended: its exit code, or the signal that killed it; both None where that isn't known."""

    code: int | None = None
    signal: int | None = None

    def describe(self) -> str:
        """A phrase for a person or a model."""
        if self.signal is not None:
            return _SIGNALS.get(self.signal, f"it was ended by signal {_signal_name(self.signal)}")
        if self.code is not None:
            return f"it ended itself with exit code {self.code}"
        return "it ended for an unknown reason"


_SIGNALS: dict[int, str] = {
    signal.SIGKILL: "it was killed (SIGKILL; mostly for lack of memory)",
    signal.SIGSEGV: "it crashed (segmentation fault)",
    signal.SIGABRT: "it aborted (SIGABRT)",
    signal.SIGXCPU: "it used up its processor time",
    signal.SIGXFSZ: "it wrote a file larger than allowed",
    signal.SIGSYS: "it made a forbidden system call",
}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


@dataclass(frozen=True, slots=True)
class KernelOptions:
    """How one kernel differs from others of its pool. It reads them from a pipe: nobody else learns the key.

    key: signs messages; empty for none.
    notebook: serve a Jupyter client instead of a pool.
    """

    key: str = ""
    notebook: bool = False

    def as_pipe(self, budget: int) -> int:
        """Descriptor of a pipe with the options and the budget in it, as JSON; the caller closes it."""
        inside_end, outside_end = os.pipe()
        os.write(outside_end, json.dumps({"budget": budget, **asdict(self)}).encode())
        os.close(outside_end)
        return inside_end


class KernelProcess(Protocol):
    """A running (or ended) kernel process.

    pid: on the host; 0 where it isn't known.
    exited: set once, when the process has ended.
    """

    pid: int
    exited: asyncio.Future[Exit]

    def send_signal(self, number: int) -> None:
        """Send a signal; nothing happens if the process has ended."""
        ...

    def kill(self) -> None:
        """End the process at once (SIGKILL)."""
        ...


class Launcher(Protocol):
    """What starts kernel processes."""

    async def launch(
        self, descriptors: dict[str, int], options: KernelOptions | None = None
    ) -> KernelProcess:
        """Start a process that serves on these sockets, by name (see `inside.serve`). Raises KernelStartError."""
        ...

    async def aclose(self) -> None:
        """End every process that it started."""
        ...
