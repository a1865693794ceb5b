"""A program in a real terminal: tmux, driven by keys and read as a screen."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.cli.program import wait_until

_NUMBERS = count()
_ENDED = "the program ended with exit code"


class Terminal:
    """A tmux server of its own with one window of 100 by 40, for as long as its `with` block lasts.

    Args:
        command: what runs in it. environment: its whole environment. folder: for tmux's socket and the program.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self._socket = folder / f"tmux{next(_NUMBERS)}"  # the last server may still be on its way out
        pairs = [f"{name}={value}" for name, value in environment.items()]
        # Ctrl-C goes to the shell too, which must live to tell.
        tell = f'trap : INT; "$@"; echo "{_ENDED} $?"; sleep 600'
        self._command = shlex.join(["env", "-i", *pairs, "sh", "-c", tell, "sh", *command])
        self._folder = folder

    def __enter__(self) -> Self:
        size = ("-x", "100", "-y", "40")
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(self._folder), self._command)
        self._tmux("set-option", "-g", "history-limit", "5000")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._tmux("kill-server")

    def type(self, text: str) -> None:
        """Type a line at a prompt, with Enter at its end."""
        self._tmux("send-keys", "-l", text)
        wait_until(lambda: self.screen().endswith(f"> {text}"))
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: C-c, Up, Enter."""
        self._tmux("send-keys", *keys)

    def screen(self) -> str:
        """Everything that was shown and stayed, the visible screen last, without trailing spaces."""
        shown = self._tmux("capture-pane", "-p", "-J", "-S", "-")
        return "\n".join(line.rstrip() for line in shown.splitlines()).rstrip()

    def wait_for(self, text: str, *, seconds: float = 60) -> str:
        """Wait until a text is on the screen; the screen. Raises TimeoutError with what is there instead."""
        try:
            wait_until(lambda: text in self.screen(), seconds)
        except TimeoutError:
            raise TimeoutError(f"{text!r} did not come; the screen:\n{self.screen()}") from None
        return self.screen()

    def prompt(self, *, seconds: float = 60) -> str:
        """Wait for the empty prompt of a chat at the bottom; what was shown since the last prompt was answered."""
        try:
            wait_until(lambda: self.screen().splitlines()[-1:] == [">"], seconds)
        except TimeoutError:
            raise TimeoutError(f"no prompt; the screen:\n{self.screen()}") from None
        lines = self.screen().splitlines()[:-1]
        begin = max((n for n, line in enumerate(lines) if line.startswith("> ")), default=0)
        return "\n".join(lines[begin:])

    def ended(self, *, seconds: float = 20) -> int:
        """Wait for the program's end; its exit code. Raises TimeoutError with the screen."""
        last = self.wait_for(_ENDED, seconds=seconds).rpartition(_ENDED)[2]
        return int(last.split()[0])

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self._socket), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout
