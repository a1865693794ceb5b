"""The process between mathagent and vLLM: starts the server, watches it, and ends all of it.

`python -m mathagent.serving.supervisor`, with a Plan as JSON on standard input. It tries the plan's commands until
one serves, keeps the state file true, ends the server after the idle time, when told to (SIGTERM), and when its
parent dies (in the foreground). Linux: orphans of the server become its children, and the server itself is told to
end if the supervisor is killed. Standard output and error are the log file.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from types import FrameType
from typing import Any

from mathagent.serving.health import health, use_so_far
from mathagent.serving.processes import adopt_orphans, die_with_parent, end_family, identity, kill_descendants
from mathagent.serving.state import Phase, ServerState, remove_state, write_state

POLL_SECONDS = 0.2
END_GRACE = 10.0
"""Seconds a server gets to end by itself after SIGTERM."""

USAGE_STATUS = 2
"""How a command ends that does not know its flags; the next one would not know them either."""

PLAIN_START_LINE = "trying the next command"

log = logging.getLogger("mathagent.supervisor")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run and how long.

    commands: tried in turn. variables: the server's whole environment. start_seconds: for each command.
    parent: the process whose end is ours too; 0: nobody's.
    """

    state: ServerState
    commands: Sequence[Sequence[str]]
    variables: dict[str, str]
    start_seconds: float
    parent: int = 0

    def to_json(self) -> str:
        """One line for the supervisor's standard input."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The inverse of to_json."""
        raw: dict[str, Any] = json.loads(text)
        return cls(**{**raw, "state": ServerState(**raw["state"])})


class Supervisor:
    """One server's life, from the first command to the last process."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.state = plan.state
        self.told_to_end = False

    def run(self) -> int:
        """Serve until told to end. Returns the exit status: 0 if it ever served and was then ended on purpose."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        adopt_orphans()
        try:
            for attempt, command in enumerate(self.plan.commands, 1):
                server = self._launch(command)
                try:
                    if self._wait_until_ready(server):
                        return self._watch(server)
                finally:
                    self._end(server)
                if self._should_end() or server.returncode == USAGE_STATUS:
                    return 1
                log.info("that start failed (exit status %s)", server.returncode)
                if attempt < len(self.plan.commands):
                    log.info(PLAIN_START_LINE)
            return 1
        finally:
            remove_state(os.getpid())

    def _launch(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        log.info("starting %s", " ".join(command))
        server = subprocess.Popen(
            command,
            env=self.plan.variables,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        self._note("starting", server_pid=server.pid, server_started=identity(server.pid))
        return server

    def _wait_until_ready(self, server: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + self.plan.start_seconds
        while server.poll() is None and not self._should_end():
            if health(self.state.health_url) == "well":
                log.info("ready at %s", self.state.base_url)
                self._note("ready")
                return True
            if time.monotonic() > deadline:
                log.error("not ready after %.0f seconds", self.plan.start_seconds)
                return False
            time.sleep(POLL_SECONDS)
        return False

    def _watch(self, server: subprocess.Popen[bytes]) -> int:
        """Until the server dies, nobody has used it for the idle time, or we are told to end."""
        limit = self.state.idle_timeout
        interval = min(15.0, max(0.5, limit / 10)) if limit else 0.0
        used = use_so_far(self._metrics_url)
        last_use = last_look = time.monotonic()
        if limit and used is None:
            log.warning("no metrics at %s: the idle time of %.0f s can't be kept", self._metrics_url, limit)
        while not self._should_end():
            if server.poll() is not None:
                log.error("the server ended by itself, exit status %s", server.returncode)
                return 1
            now = time.monotonic()
            if limit and now - last_look >= interval:
                last_look = now
                seen = use_so_far(self._metrics_url)
                if seen is None or seen[1] or seen != used:
                    used, last_use = seen, now
                elif now - last_use >= limit:
                    log.info("not used for %.0f seconds", limit)
                    break
            time.sleep(POLL_SECONDS)
        return 0

    @property
    def _metrics_url(self) -> str:
        return self.state.base_url.removesuffix("/v1") + "/metrics"

    def _should_end(self) -> bool:
        if self.plan.parent and os.getppid() != self.plan.parent:
            self.told_to_end = True
        return self.told_to_end

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.told_to_end = True

    def _end(self, server: subprocess.Popen[bytes]) -> None:
        self._note("stopping")
        end_family(server.pid, self.state.server_started, grace=END_GRACE)
        left = kill_descendants()  # also what left the session: its orphans have become our children
        server.poll()
        if left:
            log.error("could not end the processes %s", left)

    def _note(self, phase: Phase, **changes: Any) -> None:
        self.state = replace(self.state, phase=phase, **changes)
        write_state(self.state)


def main() -> int:
    """Entry point of the supervising process."""
    logging.basicConfig(
        level=logging.INFO, format="mathagent %(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stdout
    )
    return Supervisor(Plan.from_json(sys.stdin.read())).run()


if __name__ == "__main__":
    sys.exit(main())
