"""The manager with real processes: a supervisor of ours and a stand-in for vLLM."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mathagent.errors import ServerError
from mathagent.serving import ServerState, StartFailed, running_server, stop
from mathagent.serving.processes import identity
from mathagent.serving.server import start_launch
from mathagent.serving.state import read_state, state_file, write_state
from tests.serving.conftest import STANDIN, MakeLaunch, free_port


def quiet(line: str) -> None:
    """Takes progress."""


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether it became true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def gone(*pids: int | None) -> bool:
    """Whether none of these processes runs (a zombie does not run)."""
    return all(pid is None or identity(pid) is None for pid in pids)


def started(standin: MakeLaunch, *commands: list[str], asked: str = "m", **options: Any) -> ServerState:
    """Start the stand-in through the manager."""
    return asyncio.run(starting(standin, *commands, asked=asked, **options))


async def starting(
    standin: MakeLaunch, *commands: list[str], asked: str = "m", **options: Any
) -> ServerState:
    """The same, for tests with an event loop of their own."""
    return await start_launch(lambda: standin(*commands), quiet, asked=asked, **options)


def test_start_find_stop(standin: MakeLaunch) -> None:
    assert running_server() is None
    state = started(standin)
    found = running_server()
    assert found == state
    assert state.phase == "ready"
    assert (state_file().stat().st_mode & 0o077) == 0
    assert Path(state.log).is_file()
    stopped = stop()
    assert stopped is not None
    assert stopped.base_url == state.base_url
    assert gone(state.pid, state.server_pid)
    assert running_server() is None
    assert not state_file().exists()
    assert stop() is None


def test_stop_leaves_no_child(standin: MakeLaunch, tmp_path: Path) -> None:
    children = tmp_path / "children"
    state = started(standin, ["--children", str(children)])
    stubborn = [int(pid) for pid in children.read_text().split()]
    assert len(stubborn) == 2
    assert not any(gone(pid) for pid in stubborn)
    assert os.getsid(stubborn[1]) != state.server_pid
    stop()
    assert gone(state.pid, state.server_pid, *stubborn)


def test_two_starts_at_once_give_one_server(standin: MakeLaunch) -> None:
    async def twice() -> list[ServerState]:
        return await asyncio.gather(*(starting(standin, ["--delay", "1"]) for _ in range(2)))

    first, second = asyncio.run(twice())
    assert first == second


def test_two_processes_starting_at_once_give_one_server(own_state: Path) -> None:
    code = (
        "import asyncio,os,sys\n"
        "from mathagent.serving.server import start_launch\n"
        "from mathagent.serving.launch import Launch\n"
        "port=int(sys.argv[1])\n"
        f"command=(sys.executable,{str(STANDIN)!r},str(port),'--delay','0.5')\n"
        "launch=Launch((command,),dict(os.environ),'m',port)\n"
        "state=asyncio.run(start_launch(lambda: launch, lambda line: None, asked='m'))\n"
        "sys.stdout.write(f'{state.pid} {state.server_pid} {state.base_url}')\n"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(free_port())], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = {run.communicate(timeout=60)[0] for run in runs}
    assert len(answers) == 1
    assert answers != {""}


def test_another_model_is_refused_while_one_is_served(standin: MakeLaunch) -> None:
    started(standin)
    with pytest.raises(ServerError, match="running already") as caught:
        started(standin, asked="other")
    assert "serve stop" in caught.value.hint
    with pytest.raises(ServerError, match="running already"):
        started(standin, flags=["--max-model-len", "100"])


def test_death_while_starting_is_told_at_once(standin: MakeLaunch) -> None:
    begin = time.monotonic()
    with pytest.raises(StartFailed, match="ValueError: no such model") as caught:
        started(standin, ["--fail", "Traceback\n(EngineCore) ERROR ValueError: no such model"])
    assert time.monotonic() - begin < 30  # the limit for a start is far longer
    assert any("no such model" in line for line in caught.value.log_tail)
    assert running_server() is None
    assert (started(standin)).phase == "ready"


def test_the_second_command_is_tried_when_the_first_fails(standin: MakeLaunch) -> None:
    said: list[str] = []
    state = asyncio.run(start_launch(lambda: standin(["--fail", "boom"], []), said.append, asked="m"))
    assert state.phase == "ready"
    assert any("plain one" in line for line in said)
    assert read_state() == state


def test_a_cancelled_start_leaves_nothing(standin: MakeLaunch) -> None:
    async def cancelled() -> ServerState:
        task = asyncio.create_task(starting(standin, ["--delay", "30"]))
        while (state := read_state()) is None or state.server_pid is None:  # noqa: ASYNC110 - it is written by others
            await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return state

    state = asyncio.run(cancelled())
    assert gone(state.pid, state.server_pid)
    assert read_state() is None


def test_a_server_that_dies_is_noticed_and_replaced(standin: MakeLaunch) -> None:
    first = started(standin)
    assert first.server_pid is not None
    os.kill(first.server_pid, signal.SIGKILL)
    assert wait_for(lambda: gone(first.pid))
    assert running_server() is None
    assert (started(standin)).pid != first.pid


def test_a_killed_supervisor_takes_its_server_along(standin: MakeLaunch, tmp_path: Path) -> None:
    children = tmp_path / "children"
    first = started(standin, ["--children", str(children)])
    os.kill(first.pid, signal.SIGKILL)
    assert wait_for(lambda: gone(first.pid, first.server_pid))
    assert running_server() is None
    second = started(standin)
    assert second.phase == "ready"
    in_session = int(children.read_text().split()[0])
    assert gone(in_session)
    os.kill(
        int(children.read_text().split()[1]), signal.SIGKILL
    )  # left the session: only a supervisor finds it


def test_a_recycled_process_number_is_never_taken_for_a_server(standin: MakeLaunch) -> None:
    state = started(standin)
    stop()
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
    ) as innocent:
        write_state(replace(state, pid=innocent.pid, server_pid=innocent.pid, phase="ready"))
        assert running_server() is None
        assert stop() is None
        assert innocent.poll() is None
        assert not state_file().exists()
        innocent.kill()


def test_idle_server_ends_and_a_used_one_does_not(standin: MakeLaunch) -> None:
    state = started(standin, idle_timeout=3.0)
    used_until = time.monotonic() + 5
    while time.monotonic() < used_until:
        urllib.request.urlopen(state.base_url + "/models").close()
        time.sleep(0.5)
    assert running_server() is not None
    assert wait_for(lambda: gone(state.pid, state.server_pid))
    assert "not used for 3 seconds" in Path(state.log).read_text()
    assert read_state() is None


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM])
def test_in_the_foreground_it_ends_with_its_parent(own_state: Path, kill: signal.Signals) -> None:
    port = free_port()
    code = (
        "import asyncio,os,sys,time\n"
        "from mathagent.serving.server import start_launch\n"
        "from mathagent.serving.launch import Launch\n"
        f"launch=Launch(((sys.executable,{str(STANDIN)!r},'{port}'),),dict(os.environ),'m',{port})\n"
        "asyncio.run(start_launch(lambda: launch, lambda line: None, asked='m', foreground=True))\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        assert wait_for(lambda: running_server() is not None, 20)
        state = read_state()
        assert state is not None
        parent.send_signal(kill)
        parent.wait()
        assert wait_for(lambda: gone(state.pid, state.server_pid))
    assert read_state() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"base_url": 1}', "null"])
def test_an_unreadable_state_file_is_no_server(own_state: Path, text: str) -> None:
    own_state.mkdir()
    state_file().write_text(text)
    assert running_server() is None
    assert stop() is None


def test_a_state_of_a_newer_version_is_read(own_state: Path) -> None:
    own = identity(os.getpid())
    assert own is not None
    write_state(ServerState("http://127.0.0.1:9/v1", "m", os.getpid(), own, demo=False, log="l"))
    raw = json.loads(state_file().read_text())
    state_file().write_text(json.dumps({**raw, "unknown": 1}))
    state = read_state()
    assert state is not None
    assert state.alive
    state_file().unlink()
