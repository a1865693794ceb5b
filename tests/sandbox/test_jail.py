"""The jail itself: what it shows, how kernels in it end, and that it refuses rather than gives less than was asked."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernels_sandbox.jail import JailError, JailSpec, Level, at_least, cgroup, jail_command, probe
from kernels_sandbox.jail.spec import ENV_ALLOWED
from kernels_sandbox.jail.visible import resolve
from tests.sandbox.bait import Bait
from tests.sandbox.worlds import (
    JAILS,
    LINUX,
    REPOSITORY,
    ROOT,
    WHO,
    Host,
    World,
    found,
    host_command,
    host_environment,
    running,
)

pytestmark = pytest.mark.skipif(not LINUX, reason="jails are a thing of Linux")


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host for the tests that leave it whole."""
    with running(request.param, env={"OPENAI_API_KEY": "x", "TZ": "UTC", "LD_PRELOAD": ""}) as host:
        yield host


# What is found


@pytest.mark.parametrize("who", WHO)
def test_probe_names_a_level_that_was_tried(who: str) -> None:
    isolation = found(who)
    refused = {"no_userns", "docker"} & set(who.split(","))
    if refused:
        assert not at_least(isolation["level"], "namespaces")
        assert not isolation["layers"]["user"]["ok"]
        assert "not permitted" in isolation["layers"]["user"]["detail"]
    elif isolation["level"] == "namespaces":
        assert all(isolation["layers"][name]["ok"] for name in ("user", "pid", "network", "proc", "seccomp"))


def test_missing_layers_say_how_to_mend_them() -> None:
    isolation = probe()
    assert all(layer.detail for layer in isolation.layers.values())
    assert all(layer.mend for name, layer in isolation.missing().items() if name != "rlimits")
    json.dumps(isolation.to_dict())


def test_levels_are_ordered() -> None:
    order: tuple[Level, ...] = ("none", "rlimits", "landlock", "namespaces")
    for low, high in itertools.pairwise(order):
        assert at_least(high, low)
        assert not at_least(low, high)


# What is refused


def test_a_level_that_cannot_be_built_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    world = World("no_userns", "namespaces")
    done = subprocess.run(
        host_command(world), env=host_environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 97
    assert done.stdout == ""
    assert done.stderr == "jail: unshare: Operation not permitted\n"


def test_root_that_cannot_become_another_user_is_refused() -> None:
    world = World("user,fake_root" if ROOT else "fake_root", "landlock")
    done = subprocess.run(
        host_command(world),
        env=host_environment(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 97
    assert done.stderr.startswith("jail: root of a container with no other user")


def test_what_is_not_there_is_refused_before_anything_starts() -> None:
    python = sys.executable
    with pytest.raises(JailError, match="no such program"):
        jail_command(["/no/such/program"], JailSpec(level="rlimits"))
    with pytest.raises(JailError, match="no such file"):
        jail_command([python], JailSpec(level="rlimits", data={"x": Path("/no/such/file")}))
    with pytest.raises(JailError, match="not a name"):
        jail_command([python], JailSpec(level="rlimits", data={"../x": Path("/etc/hosts")}))
    with pytest.raises(JailError, match="not installed"):
        jail_command([python], JailSpec(level="rlimits", packages=("no_such_package",)))
    with pytest.raises(JailError, match="whole file system"):
        jail_command([python], JailSpec(level="rlimits", read_only=("/",)))


def test_no_jail_still_means_no_environment() -> None:
    argv, env = jail_command(["python"], JailSpec(level="none"), {"API_KEY": "x", "TZ": "UTC"})
    assert argv == ["python"]
    assert "API_KEY" not in env
    assert env["TZ"] == "UTC"


# What is shown


@pytest.mark.parametrize("world", JAILS, ids=str)
def test_data_lies_in_the_working_folder_at_every_level(world: World) -> None:
    with Bait("user" if "user" in world.who else "") as bait:
        problem = bait.folder / "problem"
        problem.write_text("of the host\n")
        problem.chmod(0o444)
        code = "print(open('data/problem.txt').read(), end='')"
        with running(world, spec={"data": {"problem.txt": str(problem)}}) as host:
            assert host.run(code)["said"] == "of the host\n"
            assert host.run(code)["said"] == "of the host\n"


@pytest.mark.parametrize("who", ["", "user"] if ROOT else [""])
def test_only_the_interpreter_its_packages_and_the_data_are_shown(who: str) -> None:
    with Bait(who) as bait:
        problem = bait.folder / "problem"
        problem.write_text("of the host\n")
        problem.chmod(0o666)
        code = """
import os, pwd
from pathlib import Path
assert Path("/data/problem.txt").read_text() == "of the host\\n"
try:
    open("/data/problem.txt", "a")
except OSError as error:
    print("data:", error.strerror)
print("accounts:", [entry.pw_name for entry in pwd.getpwall()])
print("checkout:", sorted(os.listdir(F["checkout"])))
hidden = [F["checkout"] + "/tests", "/boot", "/home", "/etc/shadow", "/sys", "/usr/bin"]
print("shown:", [path for path in hidden if Path(path).exists()])
print("cwd:", os.getcwd(), os.environ["HOME"], os.environ["TMPDIR"], sorted(os.environ))
print("pids:", [name for name in os.listdir("/proc") if name.isdigit()])
import numpy, sympy
print("sympy:", sympy.factor("x**2-1"))
"""
        spec = {"data": {"problem.txt": str(problem)}}
        with running(World(who, "namespaces"), spec=spec) as host:
            said = host.run(code, facts={"checkout": str(REPOSITORY)}, limits={"memory_bytes": 2 << 30})[
                "said"
            ]
    lines = dict(line.split(": ", 1) for line in said.splitlines())
    assert lines["data"] == "Read-only file system"
    assert lines["accounts"] == "['kernel']"
    assert "tests" not in lines["checkout"]
    assert "kernels_sandbox" in lines["checkout"]
    assert lines["shown"] == "[]"
    assert lines["cwd"].startswith("/tmp /tmp /tmp ")
    assert lines["pids"] == "['1']"
    assert lines["sympy"] == "(x - 1)*(x + 1)"


@pytest.mark.parametrize("shared", JAILS, indirect=True, ids=str)
def test_the_environment_is_empty_but_for_what_is_allowed(shared: Host) -> None:
    env = shared.hello["env"]
    assert set(env) <= {"PATH", "HOME", "TMPDIR", "LANG", "KERNELS_SANDBOX_JAIL", *ENV_ALLOWED}
    assert shared.hello["uid"] != 0
    assert shared.hello["level"] == shared.world.level


@pytest.mark.parametrize("shared", JAILS, indirect=True, ids=str)
def test_a_kernel_cannot_see_the_files_of_another(shared: Host) -> None:
    """The control is the level `rlimits` as an ordinary user, where the same uid is all that separates them."""
    code = """
import os
from pathlib import Path
for folder in (Path(".."), Path("/tmp")):
    for number in range(F["sibling"] - 50, F["sibling"] + 50):
        path = folder / f"kernel-{number}" / "of-a-sibling"
        if number != os.getpid() and path.exists():
            print("GOT", path.read_text())
    path = folder / "of-a-sibling"
    if path.exists():
        print("GOT", path.read_text())
"""
    said = shared.run(code, facts={"sibling": shared.hello["sibling"]})["said"]
    assert ("GOT" in said) == (shared.world.level == "rlimits"), said


def test_links_are_followed_to_the_end_and_remembered(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "python").touch()
    (tmp_path / "current").symlink_to("real")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("../current/python")
    real, links = resolve(str(tmp_path / "bin" / "python"))
    assert real == str((tmp_path / "real" / "python").resolve())
    assert [Path(path).name for path, _ in links][-2:] == ["python", "current"]
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(JailError, match="too many"):
        resolve(str(tmp_path / "loop"))


# How a kernel in it ends


@pytest.mark.parametrize("shared", JAILS, indirect=True, ids=str)
def test_every_way_of_dying_is_told(shared: Host) -> None:
    exits = {
        "import os; os._exit(7)": 7,
        "import ctypes; ctypes.string_at(0)": -signal.SIGSEGV,
        "import os; os.closerange(0, 1000); os._exit(3)": 3,
    }
    for code, status in exits.items():
        answer = shared.run(code, seconds=60)
        assert not answer["alive"], code
        assert answer["status"] == status, code
        assert answer["sibling"] == "42"


@pytest.mark.parametrize("shared", JAILS, indirect=True, ids=str)
def test_a_stuck_kernel_is_killed_at_once(shared: Host) -> None:
    code = "import signal\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass"
    answer = shared.run(code, seconds=0.3)
    assert answer["alive"]
    assert answer["kill_seconds"] < 5  # some milliseconds where nothing else runs: the benchmark measures it


def test_other_calling_conventions_end_the_process() -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("x32 is a calling convention of x86_64")
    with running(World("", probe().level)) as host:
        answer = host.run("import ctypes; ctypes.CDLL(None).syscall(0x40000000 + 39); print('GOT')")
    assert answer["status"] == -signal.SIGSYS
    assert "GOT" not in answer["said"]


# Memory of a whole tree

_HUNGRY = """
import os, sys, time
sys.stdin.readline()
fed, asked = os.pipe(), os.pipe()
pids = []
for _ in range(8):
    pid = os.fork()
    if pid == 0:
        os.close(asked[1])
        block = bytearray(os.urandom(1 << 20)) * 60
        os.write(fed[1], b"x")
        os.read(asked[0], 1)  # keeps its memory until all have theirs, or were killed for it
        os._exit(0)
    pids.append(pid)
os.set_blocking(fed[0], False)
ends, seen = {}, 0
while seen + len(ends) < 8:
    time.sleep(0.01)
    try:
        seen += len(os.read(fed[0], 8))
    except BlockingIOError:
        pass
    for pid in pids:
        if pid not in ends and os.waitpid(pid, os.WNOHANG)[0]:
            ends[pid] = False
os.close(asked[1])
for pid in pids:
    if pid not in ends:
        ends[pid] = os.waitpid(pid, 0)[1] == 0
print(sum(ends.values()))
"""


def _fed(group: cgroup.MemoryGroup | None) -> int:
    process = subprocess.Popen(
        [sys.executable, "-c", _HUNGRY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if group is not None:
        group.add(process.pid)
    return int(process.communicate("go\n", timeout=60)[0])


def test_fork_times_memory_is_limited_by_a_control_group() -> None:
    try:
        group = cgroup.MemoryGroup(200 << 20)
    except JailError as error:
        pytest.skip(str(error))
    with group:
        assert _fed(group) < 8
        assert group.out_of_memory_kills() > 0
        peak = group.peak()
        assert peak is None or peak <= 200 << 20
    assert not group.path.exists()
    assert _fed(None) == 8, "the control: without a group all of them get their memory"


_SHOWN_BELOW_TMP = """
import os, sys
from kernels_sandbox.jail import confine_self, fork_child
folder = sys.argv[1]
def look(who):
    assert open(folder + "/shown.txt").read() == "shown", who
    for place in (folder + "/written", os.path.dirname(folder) + "/written"):
        try:
            open(place, "w")
        except OSError:
            continue
        raise AssertionError(f"{who} could write {place}")
    open("/tmp/own", "w").write(who)
    assert {"own", folder.split("/")[2]} <= set(os.listdir("/tmp")), os.listdir("/tmp")
    assert os.listdir(os.path.dirname(folder)) == ["inner"], who
look("zygote")
os.unlink("/tmp/own")
child = fork_child()
if child is None:
    confine_self()
    look("kernel")
    print("seen", flush=True)
    os._exit(0)
os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED)
"""


@pytest.mark.skipif(
    not at_least(probe().level, "namespaces"), reason="/tmp is private at level namespaces only"
)
def test_what_lies_below_tmp_can_be_shown_and_tmp_is_still_private() -> None:
    """A checkout in a temporary folder: its interpreter must be seen, by the zygote and by every kernel."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        inner = Path(folder, "inner")
        inner.mkdir()
        Path(inner, "shown.txt").write_text("shown", encoding="utf-8")
        Path(folder, "hidden.txt").write_text("hidden", encoding="utf-8")
        spec = JailSpec(level="namespaces", read_only=(str(inner),))
        argv, env = jail_command([sys.executable, "-c", _SHOWN_BELOW_TMP, str(inner)], spec)
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (0, "seen\n"), done.stderr
        assert not Path(inner, "written").exists()
