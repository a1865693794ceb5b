"""The worlds that jails are tested in: root, an ordinary user, a machine without user namespaces, at each level."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kernels_sandbox.jail import LEVELS, Level, at_least

HOST = Path(__file__).parent / "world_host.py"
REPOSITORY = Path(__file__).parents[2]
LINUX = sys.platform == "linux"
ROOT = LINUX and os.geteuid() == 0


@dataclass(frozen=True)
class World:
    """Who starts the jail (see world_host.py), and the level to build; "control": none at all."""

    who: str
    level: str

    def __str__(self) -> str:
        return f"{self.who or 'as-is'}-{self.level}".replace(",", "+")


def _base_worlds() -> list[str]:
    return (
        ["", "user", "no_userns", "user,no_userns", "docker", "user,docker"]
        if ROOT
        else ["", "no_userns", "docker"]
    )


WHO = _base_worlds()


def host_command(world: World, spec: Mapping[str, Any] | None = None) -> list[str]:
    """The argument list of a host process in that world."""
    return [sys.executable, str(HOST), world.who, world.level, json.dumps(dict(spec or {}))]


def host_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), **(extra or {})}


@functools.cache
def found(who: str) -> dict[str, Any]:
    """What `probe` finds in that world."""
    done = subprocess.run(
        host_command(World(who, "probe")), env=host_environment(), capture_output=True, timeout=110, cwd="/"
    )
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def obtainable(who: str) -> list[Level]:
    """The levels that this world gives, highest first."""
    return [level for level in reversed(LEVELS) if level != "none" and at_least(found(who)["level"], level)]


def need(world: World) -> None:
    """Skip the test where this machine does not give the world's level, saying why."""
    if not LINUX:
        pytest.skip("jails are a thing of Linux")
    if world.level.removeprefix("pool-") not in obtainable(world.who):
        lacking = [layer["detail"] for layer in found(world.who)["layers"].values() if not layer["ok"]]
        pytest.skip(f"{world}: not obtainable here ({'; '.join(lacking)})")


class Host:
    """A running host process with a jail; requests go to the process inside that forks confined children."""

    def __init__(
        self, world: World, env: Mapping[str, str] | None = None, spec: Mapping[str, Any] | None = None
    ) -> None:
        self.world = world
        self.process = subprocess.Popen(
            host_command(world, spec),
            env=host_environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        self.hello: dict[str, Any] = self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.world}: the host process ended with {self.process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def run(self, code: str, **request: Any) -> dict[str, Any]:
        """Run code in a fresh confined child; see world_inside.py for the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"code": code, **request}) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)


@contextlib.contextmanager
def running(
    world: World, env: Mapping[str, str] | None = None, spec: Mapping[str, Any] | None = None
) -> Iterator[Host]:
    """A host in that world, killed with the block; the test is skipped where there is no such world here."""
    need(world)
    host = Host(world, env, spec)
    try:
        yield host
    finally:
        host.process.kill()
        host.process.wait()


JAILS = [
    World("", "namespaces"),
    World("no_userns", "landlock"),
    World("docker", "landlock"),
    World("", "rlimits"),
]
JAILS += [World("user", level) for level in ("namespaces", "landlock", "rlimits")] if ROOT else []
JAILS += [World("user,fake_root" if ROOT else "fake_root", "namespaces")]
"""Every way in which a jail is built: by whom, and to which level."""
