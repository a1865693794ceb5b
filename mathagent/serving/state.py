"""The one server that mathagent manages, as it is written down for the next command."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Literal

from mathagent.serving import places
from mathagent.serving.processes import is_running

Phase = Literal["starting", "ready", "stopping"]


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server of ours. The state file holds exactly these fields, as JSON.

    base_url: address for an OpenAI client, ending in /v1.
    model: the name to ask for.
    pid, started: the supervising process and its identity (see processes.identity).
    demo: it serves the embedded demonstration model.
    log: path of the log file of supervisor and server.
    asked: what was asked for, a model's name or path; "" is the embedded model.
    flags: the vLLM flags passed through.
    idle_timeout: seconds without a request after which it ends; None: never.
    began: when, in ISO 8601, UTC.
    phase: "starting" until it answers.
    server_pid, server_started: vLLM's own process, once there is one.
    api_key: the key it asks for; None: none.
    """

    base_url: str
    model: str
    pid: int
    started: str
    demo: bool
    log: str
    asked: str = ""
    flags: tuple[str, ...] = ()
    idle_timeout: float | None = None
    began: str = ""
    phase: Phase = "starting"
    server_pid: int | None = None
    server_started: str | None = None
    api_key: str | None = None

    @property
    def health_url(self) -> str:
        """Answers 200 when the server can take requests."""
        return self.base_url.removesuffix("/v1") + "/health"

    @property
    def alive(self) -> bool:
        """Whether its supervisor still runs: the very process, not another with its number."""
        return is_running(self.pid, self.started)


def state_file() -> Path:
    """Where the state is."""
    return places.state_folder() / "server.json"


def read_state() -> ServerState | None:
    """What is written down, be it still true or not; None if nothing is, or nothing of use."""
    try:
        raw = json.loads(state_file().read_text())
        known = {field.name for field in fields(ServerState)}
        state = ServerState(**{key: value for key, value in raw.items() if key in known})
        state = replace(state, flags=tuple(state.flags))
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return state if isinstance(state.pid, int) and isinstance(state.started, str) else None


def write_state(state: ServerState) -> None:
    """Replace the state file, whole or not at all; readable by its owner only, since it may hold a key."""
    path = state_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".server-")
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(state), file, indent=1)
    Path(temporary).replace(path)


def remove_state(pid: int) -> None:
    """Remove the state file if it is about the supervisor with this id."""
    state = read_state()
    if state is not None and state.pid == pid:
        state_file().unlink(missing_ok=True)
