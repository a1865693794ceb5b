"""Every attack, in every world and at every level that this machine gives, and without isolation as a control.

The control must succeed: an attack that fails anyway says nothing about the jail. After each attack in a jail a
sibling kernel must still hold its variable and nothing of the host may be harmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernels_sandbox.jail import LEVELS, at_least
from tests.sandbox.attacks import ATTACKS, Attack
from tests.sandbox.bait import Bait
from tests.sandbox.worlds import LINUX, ROOT, WHO, Host, World, need

pytestmark = pytest.mark.skipif(not LINUX, reason="jails are a thing of Linux")

USERS = ["", "user"] if ROOT else [""]
# Where user namespaces are refused the lower levels are the same as elsewhere: only the highest is tried there.
WORLDS = [World(who, level) for who in USERS for level in reversed(LEVELS) if level != "none"]
WORLDS += [World(who, "landlock") for who in WHO if who not in USERS]


@pytest.fixture(scope="module", params=WORLDS, ids=str)
def jailed(request: pytest.FixtureRequest) -> Iterator[tuple[Host, Bait]]:
    """A host with a jail, kept for all attacks: the process that forks kernels has to survive them all."""
    world: World = request.param
    need(world)
    with Bait(world.who) as bait:
        host = Host(world, bait.environment())
        yield host, bait
        host.close()


@pytest.fixture(scope="module", params=USERS, ids=lambda who: who or "as-is")
def control(request: pytest.FixtureRequest) -> Iterator[tuple[str, Bait]]:
    with Bait(request.param) as bait:
        yield request.param, bait


def _started_by_user(world: World) -> bool:
    """Root gives more below `namespaces` than the level says: a uid of its own, and often namespaces of root's."""
    return not ROOT or "user" in world.who.split(",")


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_contained(jailed: tuple[Host, Bait], attack: Attack) -> None:
    host, bait = jailed
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
def test_control_succeeds(control: tuple[str, Bait], attack: Attack) -> None:
    who, bait = control
    host = Host(World(f"{who},own_pids" if attack.own_pids else who, "control"), bait.environment())
    try:
        if attack.own_pids:
            theirs = host.run("import os; print(os.readlink('/proc/self/ns/pid'))")["said"].strip()
            assert theirs != str(Path("/proc/self/ns/pid").readlink()), (
                "the control would kill everything on this machine"
            )
        answer = host.run(attack.code, facts=bait.facts(True), seconds=attack.seconds)
        got = "GOT" in answer["said"] or answer["sibling"] != "42"
    except AssertionError:
        assert attack.own_pids
        assert host.process.poll() is not None
        got, answer = True, {"said": "it killed the process that forks kernels"}
    finally:
        host.process.kill()
        host.process.wait()
    assert bait.harmed() or got, answer["said"]
