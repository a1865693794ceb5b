"""How a jail ends, whoever ends it: no process is left, and no folder, however hard it is to remove."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil
import pytest

from kernels_sandbox.jail.remove import remove_tree
from tests.sandbox.worlds import JAILS, LINUX, Host, World, running

pytestmark = pytest.mark.skipif(not LINUX, reason="jails are a thing of Linux")


def _tree(host: Host) -> list[psutil.Process]:
    process = psutil.Process(host.process.pid)
    return [process, *process.children(recursive=True)]


def _work_folder(host: Host) -> Path | None:
    """Where this host's jail keeps its kernels' folders on the machine; None where they lie in mounts of its own.

    It is asked for, not looked for: other tests have jails at the same time.
    """
    folder = Path(host.run("import os; print(os.getcwd())")["said"].strip()).parent
    return folder if folder.name.startswith("kernels-jail-") else None


def _left(folder: Path | None) -> bool:
    return folder is not None and folder.exists()


def _gone(tree: list[psutil.Process], folder: Path | None) -> None:
    deadline = time.monotonic() + 30
    while (any(map(_lives, tree)) or _left(folder)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not [process for process in tree if _lives(process)]
    assert not _left(folder)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("victim", ["host", "monitor", "zygote"])
@pytest.mark.parametrize("world", JAILS, ids=str)
def test_nothing_survives_a_kill(world: World, victim: str) -> None:
    with running(world) as host:
        folder = _work_folder(host)
        tree = _tree(host)
        assert len(tree) >= 4, "host, monitor, the process that forks kernels, a kernel"
        # By program: the monitor also has a sweeper below it where there are folders to remove.
        by_name = {"host": 0, "monitor": 1, "zygote": -2}
        tree[by_name[victim]].kill()
        _gone(tree[1:], folder)


@pytest.mark.parametrize("world", JAILS, ids=str)
def test_nothing_is_left_after_an_ordinary_end(world: World) -> None:
    with running(world) as host:
        folder = _work_folder(host)
        if world.who in ("user", "docker") and world.level != "namespaces":
            assert folder is not None, "without mounts the folders lie on the machine"
        host.run("open('left.txt', 'w').write('x')")
        tree = _tree(host)
        host.close()
        _gone(tree[1:], folder)


@pytest.mark.parametrize("world", JAILS, ids=str)
def test_the_monitor_ends_in_good_order_on_sigterm(world: World) -> None:
    with running(world) as host:
        folder = _work_folder(host)
        tree = _tree(host)
        tree[1].terminate()
        assert host.process.wait(timeout=60) == 128 + signal.SIGTERM
        assert not _left(folder)
        _gone(tree[1:], folder)


@pytest.mark.parametrize("world", JAILS, ids=str)
def test_a_folder_that_is_hard_to_remove_is_removed(world: World) -> None:
    code = """
import os
for depth in range(600):
    os.mkdir("d")
    open("f", "w").close()
    os.symlink("/etc", "link")
    os.chdir("d")
    if depth % 200 == 199:
        os.chmod(".", 0)
print("made", depth)
"""
    with running(world) as host:
        folder = _work_folder(host)
        answer = host.run(code, limits={"tmp_inodes": 4000})
        assert "made" in answer["said"] or "Error" in answer["said"]
        assert answer["sibling"] == "42"
        deadline = time.monotonic() + 60
        while folder and list(folder.glob("dead-*")) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not folder or not list(folder.glob("dead-*"))
        host.close()
        _gone([], folder)


def test_a_hostile_tree_is_removed_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "file").write_text("x")
    top = tmp_path / "top"
    deep = top
    for _ in range(300):
        deep = deep / "d"
        deep.mkdir(parents=True)
        (deep / "link").symlink_to(tmp_path / "beside")
    (top / "d" / "d").chmod(0)
    remove_tree(str(top))
    assert not top.exists()
    assert (tmp_path / "beside" / "file").read_text() == "x"
