"""Every attack, in every world and at every level that this machine gives, and without isolation as a control.

The control must succeed: an attack that fails anyway says nothing about the jail. After each attack in a jail a
sibling kernel must still hold its variable and nothing of the host may be harmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kernels_sandbox.jail import LEVELS, at_least
from tests.sandbox.attacks import ATTACKS, Attack
from tests.sandbox.bait import Bait
from tests.sandbox.worlds import LINUX, ROOT, WHO, Host, World, need

pytestmark = pytest.mark.skipif(not LINUX, reason="jails are a thing of Linux")

USERS = ["", "user"] if ROOT else [""]
WORLDS = [World(who, level) for who in USERS for level in reversed(LEVELS) if level != "none"]
# Where user namespaces are refused the lower levels are the same as elsewhere: only the highest is tried there.
WORLDS += [World("docker", "landlock")]
# These build the same jail as another of the worlds, from another finding: a few attacks show that it stands.
SAME_JAIL = [World(who, "landlock") for who in WHO if who not in {*USERS, "docker"}]
A_FEW = {
    "read a secret of the host",
    "overwrite a file of the user",
    "connect to a TCP listener",
    "connect to a socket with a path",
    "kill a process",
    "kill everything it may",
    "trace another process",
    "make namespaces",
    "start a program",
    "fork bomb",
    "a large bytearray",
}


@pytest.fixture(scope="module")
def jailed(request: pytest.FixtureRequest) -> Iterator[tuple[Host, Bait]]:
    """A host with a jail, kept for all attacks: the process that forks kernels has to survive them all."""
    world: World = request.param
    need(world)
    with Bait(world.who) as bait:
        host = Host(world, bait.environment())
        yield host, bait
        host.close()


class Control:
    """Attacks without isolation: in one host process, which is started again when an attack has harmed it."""

    def __init__(self, who: str, bait: Bait) -> None:
        self.bait = bait
        self._who = who
        self._host: Host | None = None

    def run(self, attack: Attack) -> dict[str, Any]:
        """Run an attack, and see what it has harmed."""
        host, self._host = self._host, None
        if attack.own_pids or host is None or host.process.poll() is not None:
            end(host)
            who = f"{self._who},own_pids" if attack.own_pids else self._who
            host = Host(World(who, "control"), self.bait.environment())
        try:
            if attack.own_pids:
                theirs = host.run("import os; print(os.readlink('/proc/self/ns/pid'))")["said"].strip()
                assert theirs != str(Path("/proc/self/ns/pid").readlink()), (
                    "the control would kill everything on this machine"
                )
            answer = host.run(attack.code, facts=self.bait.facts(True), seconds=attack.seconds)
        except AssertionError:
            assert attack.own_pids
            assert host.process.poll() is not None
            answer = {"said": "it killed the process that forks kernels", "sibling": "dead"}
        if attack.own_pids or answer["sibling"] != "42":
            end(host)
        else:
            self._host = host
        return answer

    def close(self) -> None:
        """End the host process."""
        end(self._host)


def end(host: Host | None) -> None:
    """Kill a host process, if there is one."""
    if host is not None:
        host.process.kill()
        host.process.wait()


@pytest.fixture(scope="module", params=USERS, ids=lambda who: who or "as-is")
def control(request: pytest.FixtureRequest) -> Iterator[Control]:
    with Bait(request.param) as bait:
        control = Control(request.param, bait)
        yield control
        control.close()


def _started_by_user(world: World) -> bool:
    """Root gives more below `namespaces` than the level says: a uid of its own, and often namespaces of root's."""
    return not ROOT or "user" in world.who.split(",")


@pytest.mark.parametrize("jailed", WORLDS, indirect=True, ids=str)
@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_contained(jailed: tuple[Host, Bait], attack: Attack) -> None:
    is_contained(*jailed, attack)


@pytest.mark.parametrize("jailed", SAME_JAIL, indirect=True, ids=str)
@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.name in A_FEW], ids=str)
def test_contained_as_elsewhere(jailed: tuple[Host, Bait], attack: Attack) -> None:
    is_contained(*jailed, attack)


def is_contained(host: Host, bait: Bait, attack: Attack) -> None:
    """Run an attack: it gets as far as THREATS.md says, and a sibling kernel is never harmed."""
    answer = host.run(attack.code, facts=bait.facts(False), limits=attack.limits, seconds=attack.seconds)
    got = "GOT" in answer["said"]
    harm = bait.harmed()
    assert answer["sibling"] == "42", "a sibling kernel was harmed"
    if at_least(host.hello["level"], attack.contained_from):
        assert not got, answer["said"]
        assert not harm, harm
    elif _started_by_user(host.world):
        assert got or harm, f"THREATS.md says that this is not contained at {host.world.level}: {answer}"


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_control_succeeds(control: Control, attack: Attack) -> None:
    answer = control.run(attack)
    got = "GOT" in answer["said"] or answer["sibling"] != "42"
    assert control.bait.harmed() or got, answer["said"]
