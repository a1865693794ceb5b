"""The `mathagent` program with a home of its own: as a process, or in this one where a process adds nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from mathagent.cli.app import app
from mathagent.trace import read
from mathagent.trace.schema import Trace
from tests.replay.recording import Recording

SCRIPT = Path(sys.executable).with_name("mathagent")

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "MATHAGENT_STATE")

# A machine that gives no namespaces: a user namespace in which no other may be made.
WITHOUT_NAMESPACES = (
    *("unshare", "--user", "--map-root-user", "sh", "-c"),
    'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" "$@"',
)


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """The lines of error; a traceback would be in `err` beside them."""
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


class Program:
    """Runs commands. Kernels run at whatever level of isolation the machine gives.

    Args:
        home: $MATHAGENT_HOME of every run.
        base_url: $OPENAI_BASE_URL, "" for none.
    """

    def __init__(self, home: Path, base_url: str = "") -> None:
        self.home = home
        self.traces = home / "traces.jsonl"
        self.environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.environment |= {"MATHAGENT_HOME": str(home), "MATHAGENT_ISOLATION": "none", "TERM": "dumb"}
        if base_url:
            self.environment["OPENAI_BASE_URL"] = base_url

    def start(
        self, *arguments: str, environment: Mapping[str, str] | None = None, under: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a command with pipes on all three streams, in a process group of its own; `under` another command."""
        return subprocess.Popen(
            [*under, str(SCRIPT), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**self.environment, **(environment or {})},
            cwd=self.home,
            start_new_session=True,
        )

    def run(
        self,
        *arguments: str,
        stdin: str | bytes = "",
        environment: Mapping[str, str] | None = None,
        timeout: float = 60,
        under: Sequence[str] = (),
    ) -> Ended:
        """Run a command to its end."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        process = self.start(*arguments, environment=environment, under=under)
        try:
            out, err = process.communicate(given, timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return Ended(process.returncode, out.decode(), err.decode())

    def call(
        self, *arguments: str, stdin: str | bytes = "", environment: Mapping[str, str] | None = None
    ) -> Ended:
        """Run a command in this process, which saves a second of imports. An unforeseen exception is raised."""
        known = dict.fromkeys(os.environ)  # None takes a variable out
        given = {**known, **self.environment, **(environment or {})}
        with contextlib.chdir(self.home):
            result = CliRunner().invoke(app, arguments, input=stdin, env=given, prog_name="mathagent")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    def stored(self) -> list[Trace]:
        """The traces of this home."""
        return list(read(self.traces)) if self.traces.exists() else []


def scripted(problem: str, *said: str, outputs: Sequence[str] = ()) -> Recording:
    """A model that answers `problem` with these texts, one after each output.

    `outputs` is what the model would invent where nobody stops it.
    """
    blocks = tuple(f"```output\n{text}\n```" for text in outputs) or ("```output\n?\n```",) * (len(said) - 1)
    return Recording(problem, said, blocks)


def wait_until(happened: Callable[[], object], seconds: float = 20) -> None:
    """Wait until a function says something true. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"did not happen within {seconds} s")
        time.sleep(0.02)
