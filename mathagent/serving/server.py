"""Start, find and stop the one vLLM server that mathagent manages."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from mathagent.errors import ServerError
from mathagent.serving import places
from mathagent.serving.health import health
from mathagent.serving.launch import Launch, launch_of, resolved
from mathagent.serving.processes import die_with_parent, end_family, identity
from mathagent.serving.startup import LogReader, start_failure
from mathagent.serving.state import ServerState, read_state, remove_state, write_state
from mathagent.serving.supervisor import END_GRACE, Plan

Progress = Callable[[str], None]

IDLE_TIMEOUT = 1800.0
"""Seconds without a request after which the embedded server ends, when `solve` has started it."""

_KEPT_LOGS = 10
_children: list[subprocess.Popen[bytes]] = []  # supervisors outlive us; kept so that a dead one is reaped


def running_server() -> ServerState | None:
    """The server that is up, or None. Never one whose process is gone, nor a stranger that got its number or port."""
    state = read_state()
    if state is None or state.phase != "ready" or not state.alive:
        return None
    return None if health(state.health_url) == "absent" else state


async def ensure_embedded(progress: Progress) -> ServerState:
    """The running server, whichever model it has; if there is none, the embedded model's, started for this.

    It stays behind for the next command and ends after IDLE_TIMEOUT seconds without a request. A start takes half a
    minute to a minute and a half; cancelling it stops what was started. `progress` gets one short line per phase.
    Raises ServerError, with the hint `run: mathagent setup` where vLLM's CPU build is not installed.
    """
    found = await _current(progress)
    return found or await start("", progress, idle_timeout=IDLE_TIMEOUT)


async def start(
    model: str,
    progress: Progress,
    *,
    flags: Sequence[str] = (),
    port: int | None = None,
    idle_timeout: float | None = None,
    foreground: bool = False,
) -> ServerState:
    """Start a server and wait until it serves; with the same model and flags running already, that one.

    Args:
        model: a name or path that vLLM knows; "" is the embedded model, `embedded.BASE_NAME` the same without its
            adapter, the folder of another adapter (PEFT's format) the same with that one.
        progress: gets one short line per phase.
        flags: passed through to vLLM.
        port: None: a free one for the embedded model, 8000 for others.
        idle_timeout: seconds without a request until the server ends itself; None: never.
        foreground: the server ends when this process ends.

    Raises:
        ServerError: nothing to start it with, another server runs, or it ended while starting (StartFailed).
        UsageError: a taken port, a flag that can't be passed through.
    """
    model = resolved(model)

    def launch() -> Launch:
        return launch_of(model, flags, port, progress)

    return await start_launch(
        launch, progress, asked=model, flags=flags, idle_timeout=idle_timeout, foreground=foreground
    )


async def start_launch(
    make_launch: Callable[[], Launch],
    progress: Progress,
    *,
    asked: str,
    flags: Sequence[str] = (),
    idle_timeout: float | None = None,
    foreground: bool = False,
) -> ServerState:
    """As `start`, for any program that serves HTTP as a Launch says; `asked` and `flags` tell one server from another.

    `make_launch` is called, in a thread, only when a server must be started.
    """
    ours = False
    async with _start_lock(progress):
        state = read_state()
        if state is None or not state.alive:
            await asyncio.to_thread(_end_leftovers, state)
            launch = await asyncio.to_thread(make_launch)
            state, ours = _spawn(launch, asked, flags, idle_timeout, foreground), True
        elif (state.asked, state.flags) != (asked, tuple(flags)):
            raise ServerError(
                f"a server is running already: {state.model} at {state.base_url}",
                "stop it: mathagent serve stop",
            )
    try:
        return await wait_until_ready(state, progress)
    except asyncio.CancelledError:
        if ours:
            await asyncio.to_thread(stop)
        raise


async def wait_until_ready(state: ServerState, progress: Progress) -> ServerState:
    """Wait for a server that is starting. Notices its death at once. Raises StartFailed."""
    reader = LogReader(Path(state.log), progress)
    while True:
        reader.look()
        now = read_state()
        if now is not None and now.pid == state.pid and now.phase == "ready":
            return now
        if not state.alive:
            raise start_failure(Path(state.log))
        await asyncio.sleep(0.2)


def stop() -> ServerState | None:
    """Stop the server and everything it started; returns what ran, None if nothing did. Raises ServerError."""
    state = read_state()
    if state is None:
        return None
    was_alive = state.alive
    if was_alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, signal.SIGTERM)
        deadline = time.monotonic() + END_GRACE + 15
        while state.alive and time.monotonic() < deadline:
            _reap()
            time.sleep(0.05)
        state = _newest(state)
        if state.alive:  # it hangs; its server is told to end by the system, and ended below
            os.kill(state.pid, signal.SIGKILL)
    left = _end_leftovers(state)
    remove_state(state.pid)
    if left:
        raise ServerError(f"these processes could not be ended: {left}", "end them by hand")
    return state if was_alive else None


async def _current(progress: Progress) -> ServerState | None:
    state = await asyncio.to_thread(running_server)
    if state is not None:
        return state
    state = read_state()
    if state is not None and state.phase == "starting" and state.alive:
        progress(f"waiting for {state.model}, which is starting")
        return await wait_until_ready(state, progress)
    return None


def _spawn(
    launch: Launch, asked: str, flags: Sequence[str], idle_timeout: float | None, foreground: bool
) -> ServerState:
    """Start a supervisor and write it down, before it starts anything itself (it waits for its plan)."""
    log = _new_log()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "mathagent.serving.supervisor"],  # -P: no modules from here
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent if foreground else None,
        )
    _children.append(process)
    state = ServerState(
        base_url=launch.base_url,
        model=launch.model,
        pid=process.pid,
        started=identity(process.pid) or "",
        demo=launch.demo,
        log=str(log),
        asked=asked,
        flags=tuple(flags),
        idle_timeout=idle_timeout or None,
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        api_key=launch.api_key,
    )
    write_state(state)
    plan = Plan(
        state, launch.commands, launch.variables, launch.start_seconds, os.getpid() if foreground else 0
    )
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it died: wait_until_ready says why
        process.stdin.write(plan.to_json().encode())
        process.stdin.close()
    return state


def _end_leftovers(state: ServerState | None) -> list[int]:
    """End what a killed supervisor may have left of its server."""
    if state is None or state.server_pid is None:
        return []
    return end_family(state.server_pid, state.server_started, grace=END_GRACE)


def _newest(state: ServerState) -> ServerState:
    now = read_state()
    return now if now is not None and now.pid == state.pid else state


@contextlib.asynccontextmanager
async def _start_lock(progress: Progress) -> AsyncIterator[None]:
    folder = places.state_folder()
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "server.lock")
    said = False
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            if not said:
                progress("waiting for another mathagent that is starting a server")
                said = True
            await asyncio.sleep(0.2)
    try:
        yield
    finally:
        lock.release()


def _new_log() -> Path:
    folder = places.logs()
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob("server-*.log"))[: -_KEPT_LOGS + 1]:
        old.unlink(missing_ok=True)
    return folder / f"server-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.log"


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]
