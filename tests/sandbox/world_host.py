"""Plays the host in a jail test: `python world_host.py WORLD LEVEL`, with requests on stdin and answers on stdout.

WORLD is a comma-separated list of what to become first:
    user     an ordinary user (from root), who can read the interpreter wherever it lies
    no_userns    user namespaces are refused, to root as well
    docker   as in a container with default settings: no CAP_SYS_ADMIN, no mount, no unshare, no user namespaces
    fake_root    root of a user namespace that has no other user
    own_pids     a pid namespace
LEVEL is a level of isolation, "probe" (print what is found and end), "control" (no jail at all), "pool-LEVEL" (a real
KernelPool, see world_pool.py) or "victim" (say who
it is and wait to be attacked).
"""

import asyncio
import ctypes
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

from kernels_sandbox.jail import JailSpec, bpf, jail_command, probe, seccomp, syscalls

USER = 0x6C000000


def show_interpreter() -> None:
    """Make this interpreter readable for everybody, in a mount namespace of this process alone.

    A folder on the way that is closed (/root) is covered by an empty one that shows only the interpreter.
    """
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    for prefix in {sys.base_prefix, sys.prefix, str(Path(__file__).parents[2])}:
        closed = [folder for folder in Path(prefix).parents if not folder.stat().st_mode & 0o005]
        if closed:
            fd = os.open(prefix, os.O_PATH)
            top = str(closed[-1])
            syscalls.mount("tmpfs", top, "tmpfs", 0, "mode=0755")
            Path(prefix).mkdir(parents=True)
            syscalls.mount(f"/proc/self/fd/{fd}", prefix, None, syscalls.MS_BIND | syscalls.MS_REC)


def become_user() -> None:
    show_interpreter()
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)


def refuse_user_namespaces(docker: bool) -> None:
    """By a filter of our own: unshare and clone with CLONE_NEWUSER (docker: unshare, setns and mount at all)."""
    x86 = syscalls.MACHINE == "x86_64"
    unshare, clone, clone3 = (272, 56, 435) if x86 else (97, 220, 435)
    program: list[bpf.Step | str] = [bpf.load(bpf.OFFSET_NUMBER)]
    for number in ((165, 166, 155, 308, 442, 428) if x86 else (40, 39, 41, 268, 442, 428)) if docker else ():
        program += [bpf.equal(number, no=f"not{number}"), bpf.refuse(errno.EPERM), f"not{number}"]
    program += [bpf.equal(clone3, no="not_clone3"), bpf.refuse(errno.ENOSYS), "not_clone3"]
    program += [bpf.equal(unshare, yes="flags"), bpf.equal(clone, yes="flags"), bpf.allow()]
    bits = 0x7E020000 if docker else syscalls.CLONE_NEWUSER
    program += ["flags", bpf.load(bpf.argument_low(0)), bpf.any_bit(bits, yes="no"), bpf.allow()]
    program += ["no", bpf.refuse(errno.EPERM)]
    syscalls.no_new_privileges()
    seccomp.install(bpf.assemble(program))


def become(world: str) -> None:
    words = world.split(",")
    if "user" in words and os.geteuid() == 0:
        become_user()
    if "fake_root" in words:
        uid, gid = os.geteuid(), os.getegid()
        syscalls.unshare(syscalls.CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny", encoding="utf-8")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="utf-8")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="utf-8")
    if "docker" in words:
        if os.geteuid() == 0:
            show_interpreter()
            syscalls.prctl(syscalls.PR_CAPBSET_DROP, syscalls.CAP_SYS_ADMIN)
            syscalls.set_capabilities(syscalls.effective_capabilities() & ~(1 << syscalls.CAP_SYS_ADMIN))
        refuse_user_namespaces(docker=True)
    if "no_userns" in words:
        refuse_user_namespaces(docker=False)


def victim() -> int:
    """Say the process id and the address of something in memory, and wait."""
    memory = ctypes.create_string_buffer(b"victim's memory")
    sys.stdout.write(json.dumps({"victim": os.getpid(), "victim_address": ctypes.addressof(memory)}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    return 0


def main() -> int:
    """See the module's docstring."""
    world, level, spec = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    become(world)
    if "own_pids" in world.split(","):
        user = syscalls.CLONE_NEWUSER if os.geteuid() else 0
        syscalls.unshare(syscalls.CLONE_NEWPID | user)
    if level == "victim":
        return victim()
    if level == "probe":
        isolation = probe()
        sys.stdout.write(json.dumps(isolation.to_dict()))
        return 0
    if level.startswith("pool-"):
        from tests.sandbox import world_pool

        asyncio.run(world_pool.main(level.removeprefix("pool-")))
        return 0
    server = (Path(__file__).parent / "world_inside.py").read_text(encoding="utf-8")
    argv = [sys.executable, "-u", "-I", "-c", server]
    env = dict(os.environ)
    if level != "control":
        argv, env = jail_command(argv, JailSpec(level=level, **spec), os.environ)
    if "own_pids" in world.split(","):  # what is to be killed must not be process 1, which can't be
        argv = [sys.executable, "-I", "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])", *argv]
    return subprocess.run(argv, env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
