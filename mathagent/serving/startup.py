"""What a starting server's log says: how far it is, and why it failed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from mathagent.errors import ServerError
from mathagent.serving.supervisor import PLAIN_START_LINE

TAIL_LINES = 12

# In the order of a start of vLLM 0.32; a line that another version no longer writes only makes the report coarser.
_PHASES: tuple[tuple[str, str], ...] = (
    ("starting ", "importing vLLM"),
    ("non-default args", "reading the model's configuration"),
    ("Initializing a V1 LLM engine", "starting the engine"),
    ("Starting to load model", "loading the weights"),
    ("Loading weights took", "warming up"),
    ("init engine", "opening the port"),
    (PLAIN_START_LINE, "the fast start failed, trying the plain one"),
)
_ERROR = re.compile(r"(?:^|[\s:\])])((?:[A-Za-z_.]*(?:Error|Exception|Interrupt)|error): .+)$")


class StartFailed(ServerError):
    """A server that never served. `log_tail` holds the last lines of its log, oldest first."""

    def __init__(self, message: str, hint: str = "", log_tail: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.log_tail = log_tail


class LogReader:
    """Follows a growing log and reports each new phase once."""

    def __init__(self, path: Path, progress: Callable[[str], None]) -> None:
        self._path = path
        self._progress = progress
        self._offset = 0
        self._said = ""

    def look(self) -> None:
        """Read what is new."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                text = file.read()
        except OSError:
            return
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            for needle, phase in _PHASES:
                if needle in line and phase != self._said:
                    self._said = phase
                    self._progress(phase)


def start_failure(log: Path) -> StartFailed:
    """The error of a server that ended while starting, with the most telling line of its log."""
    tail = log_tail(log, 200)
    errors = [found.group(1) for line in tail if (found := _ERROR.search(line))]
    generic = (
        "Engine core initialization failed"  # vLLM's parent process says so after the child has said why
    )
    telling = [line for line in errors if generic not in line] or errors
    cause = telling[-1] if telling else (tail[-1] if tail else "its log is empty")
    return StartFailed(f"vLLM ended while starting: {cause}", f"its log: {log}", tuple(tail[-TAIL_LINES:]))


def log_tail(log: Path, lines: int) -> list[str]:
    """The last lines of a log; empty if it can't be read."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 400 * lines))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        return []
