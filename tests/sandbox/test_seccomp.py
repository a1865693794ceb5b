"""The system call filter, run by an interpreter of classic BPF: what it says to each call, on both machines."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator

import pytest

from kernels_sandbox.jail import bpf, seccomp, syscalls

ALLOW, KILL, EPERM, ENOSYS = (
    bpf.RET_ALLOW,
    bpf.RET_KILL_PROCESS,
    0x50000 | errno.EPERM,
    0x50000 | errno.ENOSYS,
)
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# name: number on x86_64, on aarch64
NUMBERS = {
    "read": (0, 63), "mmap": (9, 222), "futex": (202, 98), "accept4": (288, 242), "recvmsg": (47, 212),
    "epoll_pwait": (281, 22), "socket": (41, 198), "connect": (42, 203), "socketpair": (53, 199),
    "clone": (56, 220), "clone3": (435, 435), "execve": (59, 221), "ptrace": (101, 117), "kill": (62, 129),
    "tgkill": (234, 131), "prlimit64": (302, 261), "ioctl": (16, 29), "prctl": (157, 167), "mount": (165, 40),
    "unshare": (272, 97), "setns": (308, 268), "setpriority": (141, 140), "fcntl": (72, 25), "bpf": (321, 280),
    "statmount": (457, 457),
}  # fmt: skip
THREAD = 0x3D0F00


def run(program: bytes, machine: str, name: str | int, *args: int, arch: int | None = None) -> int:
    """The filter's verdict on one call."""
    number = name if isinstance(name, int) else NUMBERS[name][0 if machine == "x86_64" else 1]
    padded = [*args, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", number, ARCH[machine] if arch is None else arch, 0, *padded)
    at, accumulator = 0, 0
    while True:
        code, yes, no, k = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        if code == 0x06:
            return int(k)
        if code == 0x20:
            accumulator = struct.unpack_from("<I", data, k)[0]
        elif code == 0x54:
            accumulator &= k
        else:
            truth = {0x15: accumulator == k, 0x25: accumulator > k, 0x45: bool(accumulator & k)}[code]
            at += yes if truth else no


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name: str = request.param
    monkeypatch.setattr(syscalls, "MACHINE", name)
    seccomp.program.cache_clear()
    yield name
    seccomp.program.cache_clear()


VERDICTS = [
    ("read", (), ALLOW), ("mmap", (), ALLOW), ("futex", (), ALLOW), ("accept4", (), ALLOW), ("recvmsg", (), ALLOW),
    ("epoll_pwait", (), ALLOW),
    ("socket", (1, 1, 0), EPERM), ("socket", (2, 1, 0), EPERM), ("connect", (), EPERM),
    ("socketpair", (1, 1, 0), ALLOW), ("socketpair", (1, 1 | 0o2004000, 0), ALLOW),
    ("socketpair", (1, 2, 0), EPERM), ("socketpair", (2, 1, 0), EPERM),
    ("clone", (THREAD,), ALLOW), ("clone", (17,), EPERM), ("clone", (THREAD | 0x10000000,), EPERM),
    ("clone3", (), ENOSYS),
    ("execve", (), EPERM), ("ptrace", (), EPERM), ("mount", (), EPERM), ("unshare", (), EPERM), ("setns", (), EPERM),
    ("bpf", (), EPERM), ("statmount", (), ENOSYS),
    ("kill", (77, 9), ALLOW), ("kill", (0, 9), ALLOW), ("kill", (1, 9), EPERM), ("kill", (2**64 - 1, 9), EPERM),
    ("tgkill", (77, 78, 9), ALLOW), ("tgkill", (5, 5, 9), EPERM),
    ("prlimit64", (0, 7), ALLOW), ("prlimit64", (77, 7), ALLOW), ("prlimit64", (1, 7), EPERM),
    ("setpriority", (0, 0, 5), ALLOW), ("setpriority", (0, 77, 5), ALLOW), ("setpriority", (0, 1, 5), EPERM),
    ("setpriority", (2, 0, 5), EPERM),
    ("ioctl", (1, 0x5401), ALLOW), ("ioctl", (1, 0x5412), EPERM), ("ioctl", (1, 1 << 32 | 0x5412), EPERM),
    ("fcntl", (3, 4), ALLOW), ("fcntl", (3, 8), EPERM), ("fcntl", (3, 10), EPERM),
    ("prctl", (15,), ALLOW), ("prctl", (1,), EPERM), ("prctl", (1 << 32 | 1,), EPERM),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "verdict"), VERDICTS)
def test_verdicts(machine: str, name: str, args: tuple[int, ...], verdict: int) -> None:
    assert run(seccomp.program(77), machine, name, *args) == verdict


def test_another_calling_convention_is_the_end(machine: str) -> None:
    program = seccomp.program(77)
    assert run(program, machine, "read", arch=0x40000003) == KILL
    assert run(program, machine, 0x40000000 | 1) == KILL


def test_with_subprocesses_only_new_namespaces_are_refused(machine: str) -> None:
    program = seccomp.program(0, subprocesses=True)
    assert run(program, machine, "clone", 17) == ALLOW
    assert run(program, machine, "execve") == ALLOW
    assert run(program, machine, "kill", 5, 9) == ALLOW
    assert run(program, machine, "clone", 17 | 0x10000000) == EPERM
    assert run(program, machine, "socket", 2, 1) == EPERM


def test_every_number_beyond_the_list_reads_as_not_there(machine: str) -> None:
    program = seccomp.program(77)
    assert {run(program, machine, number) for number in range(457, 600)} == {ENOSYS}


def test_the_assembler_refuses_what_it_cannot_encode() -> None:
    with pytest.raises(ValueError, match="no label"):
        bpf.assemble([bpf.equal(1, yes="nowhere"), bpf.allow()])
    with pytest.raises(ValueError, match="twice"):
        bpf.assemble(["a", bpf.allow(), "a", bpf.allow()])
    with pytest.raises(ValueError, match="spans"):
        bpf.assemble([bpf.equal(1, yes="far"), *[bpf.allow()] * 256, "far", bpf.allow()])
    with pytest.raises(ValueError, match="spans"):
        bpf.assemble(["back", bpf.allow(), bpf.equal(1, yes="back")])
