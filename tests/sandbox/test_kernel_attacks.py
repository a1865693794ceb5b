"""The attacks in real kernels of a real pool, as `kernel.execute(attack)`; their controls are in test_attacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernels_sandbox.jail import at_least
from tests.sandbox.attacks import ATTACKS, Attack
from tests.sandbox.bait import Bait
from tests.sandbox.worlds import LINUX, ROOT, Host, World, need

pytestmark = pytest.mark.skipif(not LINUX, reason="jails are a thing of Linux")

WORLDS = [World("", "pool-namespaces"), World("", "pool-landlock"), World("docker", "pool-landlock")]
WORLDS += [World("user", "pool-namespaces"), World("user,no_userns", "pool-landlock")] if ROOT else []


@pytest.fixture(scope="module", params=WORLDS, ids=str)
def pool(request: pytest.FixtureRequest) -> Iterator[tuple[Host, Bait]]:
    world: World = request.param
    need(world)
    with Bait(world.who) as bait:
        host = Host(world, bait.environment())
        yield host, bait
        host.close()


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.by_pool], ids=str)
def test_contained(pool: tuple[Host, Bait], attack: Attack) -> None:
    host, bait = pool
    if not at_least(host.hello["level"], attack.contained_from):
        pytest.skip(f"not contained at {host.hello['level']}: see THREATS.md")
    answer = host.run(attack.code, facts=bait.facts(False), seconds=attack.seconds)
    assert answer["sibling"] == "42", "a sibling kernel was harmed"
    assert "GOT" not in answer["said"], answer["said"]
    assert bait.harmed() == []


def test_spinning_deaf_to_signals_is_killed(pool: tuple[Host, Bait]) -> None:
    host, _ = pool
    answer = host.run("import signal\nsignal.signal(2, signal.SIG_IGN)\nwhile True: pass", seconds=0.5)
    assert answer["status"] == "timeout"
    assert answer["sibling"] == "42"


def test_descriptors_lead_nowhere(pool: tuple[Host, Bait]) -> None:
    """A kernel has its own sockets and wake-up descriptors, and no file or folder of anybody's."""
    host, _ = pool
    code = """
import os, stat
for fd in range(300):
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        continue
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISBLK(mode):
        print("GOT", fd)
print("looked")
"""
    answer = host.run(code)
    assert answer["said"] == "looked\n"


def test_memory_is_limited_and_the_kernel_lives(pool: tuple[Host, Bait]) -> None:
    host, _ = pool
    answer = host.run("block = [bytearray(1 << 20) for _ in range(1000)]\nprint('GOT')", then=True)
    assert "MemoryError" in answer["said"]
    assert answer["after"]["result"] == "2"
    assert answer["sibling"] == "42"


_FORGE = """
import os, threading, time
from ipykernel.ipkernel import IPythonKernel
kernel = IPythonKernel.instance()
parent = kernel.get_parent("shell")
content = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
ident = kernel._shell_parent_ident.get()
kernel.session.send(kernel.iopub_socket, "execute_reply", content, parent=parent, ident=ident)
kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=parent, ident=b"status")
time.sleep(0.5)
"""


def test_a_forged_reply_is_told_by_the_reply_that_follows(pool: tuple[Host, Bait]) -> None:
    """Nothing inside the process can prove a reply, but the machinery's own second one gives the forger away."""
    host, _ = pool
    answer = host.run(_FORGE, then=True)
    assert answer["suspect"] or answer["after"]["suspect"], answer
    assert answer["sibling"] == "42"


def test_an_honest_cell_is_not_suspect(pool: tuple[Host, Bait]) -> None:
    host, _ = pool
    answer = host.run("print('x')\n1/0", then=True)
    assert not answer["suspect"]
    assert not answer["after"]["suspect"]
