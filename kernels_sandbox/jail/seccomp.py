"""The system calls that a confined process is refused, as a seccomp filter.

A deny list rather than an allow list, so that numerical libraries keep working; calls that are newer than the
list fail with ENOSYS, as on an older kernel. Other call conventions (32-bit, x32) end the process.
Not here: limits on resources, which seccomp can't see.
"""

from __future__ import annotations

import ctypes
import errno
from functools import lru_cache

from . import bpf, syscalls
from .bpf import Step

_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NEWEST = 456  # futex_requeue; statmount, listmount, the LSM calls and all after them read as not there
_X32_BIT = 0x40000000

# name: (x86_64, aarch64); None where the machine has no such call.
_Numbers = tuple[int | None, int | None]

_ALWAYS: dict[str, _Numbers] = {
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "migrate_pages": (256, 238),
    "move_pages": (279, 239), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "tkill": (200, 130),
    "ioprio_set": (251, 30),
    # namespaces and mounts
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "fanotify_init": (300, 262), "mknod": (133, None), "mknodat": (259, 33),
    # memory that no limit counts, or that outlives the process
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "shmdt": (67, 197), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188),
    "msgctl": (71, 187), "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "mq_open": (240, 180), "mq_unlink": (241, 181), "mq_timedsend": (242, 182), "mq_timedreceive": (243, 183),
    "mq_notify": (244, 184), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    # large parts of the kernel that no computation needs
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "io_setup": (206, 0), "vmsplice": (278, 75),
    "personality": (135, 92), "modify_ldt": (154, None), "lookup_dcookie": (212, 18), "uselib": (134, None),
    "seccomp": (317, 277), "ustat": (136, None), "sysfs": (139, None), "_sysctl": (156, None),
    "nfsservctl": (180, 42),
    # the machine
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "create_module": (174, None), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171), "sethostname": (170, 161),
    "setdomainname": (171, 162), "syslog": (103, 116), "vhangup": (153, 58), "ioperm": (173, None),
    "iopl": (172, None),
}  # fmt: skip

_SUBPROCESS: dict[str, _Numbers] = {
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
}  # fmt: skip

# Calls whose first argument names a process: only 0 (itself) or its own number.
_OWN_PID: dict[str, _Numbers] = {
    "kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261), "sched_setaffinity": (203, 122),
    "sched_setparam": (142, 118), "sched_setattr": (314, 274),
}  # fmt: skip

_SOCKET, _CONNECT, _SOCKETPAIR = (41, 198), (42, 203), (53, 199)
_CLONE, _CLONE3, _IOCTL, _PRCTL = (56, 220), (435, 435), (16, 29), (157, 167)
_FCNTL, _SETPRIORITY = (72, 25), (141, 140)
_AF_UNIX, _SOCK_STREAM = 1, 1
# Typing into a terminal; having the kernel send a signal of one's choice to a process of one's choice.
_IOCTLS = (0x5412, 0x541C, 0x8901, 0x8902)  # TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP
_FCNTLS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}


def _pick(numbers: _Numbers) -> int | None:
    return numbers[0 if syscalls.MACHINE == "x86_64" else 1]


def _only_own_pid(pid: int) -> list[Step | str]:
    program: list[Step | str] = []
    for name, numbers in _OWN_PID.items():
        number = _pick(numbers)
        if number is None:
            continue
        program += [bpf.equal(number, no=f"{name}_else"), bpf.load(bpf.argument_low(0))]
        program += [
            bpf.equal(pid, yes=f"{name}_ok"),
            bpf.equal(0, yes=f"{name}_ok"),
            bpf.refuse(errno.EPERM),
            f"{name}_ok",
            bpf.allow(),
        ]
        program += [f"{name}_else"]
    priority = _pick(_SETPRIORITY)
    assert priority is not None
    program += [
        bpf.equal(priority, no="not_priority"),
        bpf.load(bpf.argument_low(0)),
        bpf.equal(0, no="no_priority"),
    ]
    program += [bpf.load(bpf.argument_low(1)), bpf.equal(pid, yes="priority"), bpf.equal(0, yes="priority")]
    return [*program, "no_priority", bpf.refuse(errno.EPERM), "priority", bpf.allow(), "not_priority"]


def _sockets() -> list[Step | str]:
    """No socket() and no connect(); socketpair() of AF_UNIX streams, which event loops wake themselves with.

    Datagram pairs are refused as well: sendto() with an address would reach any datagram socket with a path.
    """
    socket, connect, pair = _pick(_SOCKET), _pick(_CONNECT), _pick(_SOCKETPAIR)
    assert socket is not None
    assert connect is not None
    assert pair is not None
    return [
        bpf.equal(socket, yes="no_socket"),
        bpf.equal(connect, yes="no_socket"),
        bpf.equal(pair, no="not_pair"),
        bpf.load(bpf.argument_low(0)),
        bpf.equal(_AF_UNIX, no="no_socket"),
        bpf.load(bpf.argument_low(1)),
        bpf.mask(0xF),
        bpf.equal(_SOCK_STREAM, no="no_socket"),
        bpf.allow(),
        "no_socket",
        bpf.refuse(errno.EPERM),
        "not_pair",
    ]


def _processes(subprocesses: bool) -> list[Step | str]:
    clone, clone3 = _pick(_CLONE), _pick(_CLONE3)
    assert clone is not None
    assert clone3 is not None
    # clone3 takes its flags in memory, where a filter can't look; the C library falls back to clone.
    program: list[Step | str] = [bpf.equal(clone3, no="not_clone3"), bpf.refuse(errno.ENOSYS), "not_clone3"]
    program += [bpf.equal(clone, no="not_clone"), bpf.load(bpf.argument_low(0))]
    program += [bpf.any_bit(_NEW_NAMESPACES, yes="no_clone")]
    if not subprocesses:
        program += [bpf.any_bit(syscalls.CLONE_THREAD, no="no_clone")]
    program += [bpf.allow(), "no_clone", bpf.refuse(errno.EPERM), "not_clone"]
    return program


def _scheduling() -> list[Step | str]:
    """sched_setscheduler to the ordinary policy only: libzmq calls it for each of its threads, by thread id."""
    number = _pick((144, 119))
    assert number is not None
    program: list[Step | str] = [bpf.equal(number, no="not_scheduler"), bpf.load(bpf.argument_low(1))]
    return [
        *program,
        bpf.equal(0, yes="scheduler_ok"),
        bpf.refuse(errno.EPERM),
        "scheduler_ok",
        bpf.allow(),
        "not_scheduler",
    ]


def _options() -> list[Step | str]:
    """The calls with many uses, of which some are refused: by the value of one argument."""
    program: list[Step | str] = []
    for numbers, index, values in (
        (_IOCTL, 1, _IOCTLS),
        (_FCNTL, 1, _FCNTLS),
        (_PRCTL, 0, (syscalls.PR_SET_PDEATHSIG,)),  # it would outlive its parent
    ):
        number = _pick(numbers)
        assert number is not None
        program += [bpf.equal(number, no=f"not_{number}"), bpf.load(bpf.argument_low(index))]
        program += [bpf.equal(value, yes=f"no_{number}") for value in values]
        program += [bpf.allow(), f"no_{number}", bpf.refuse(errno.EPERM), f"not_{number}"]
    return program


@lru_cache(maxsize=64)
def program(pid: int, subprocesses: bool = False) -> bytes:
    """The filter for process `pid` (its number in its own pid namespace), as bytes of struct sock_filter[].

    Args:
        pid: the only process that signals and resource limits may address. 0 allows any (with `subprocesses`).
        subprocesses: allow fork and exec.
    """
    code: list[Step | str] = [
        bpf.load(bpf.OFFSET_ARCH),
        bpf.equal(_ARCH[syscalls.MACHINE], yes="native"),
        bpf.kill(),
        "native",
        bpf.load(bpf.OFFSET_NUMBER),
        bpf.any_bit(_X32_BIT, no="not_x32"),
        bpf.kill(),
        "not_x32",
        bpf.greater(_NEWEST, no="known"),
        bpf.refuse(errno.ENOSYS),
        "known",
    ]
    refused = {**_ALWAYS, **({} if subprocesses else _SUBPROCESS)}
    for name, numbers in refused.items():
        number = _pick(numbers)
        if number is not None:
            code += [bpf.equal(number, no=f"not_{name}"), bpf.refuse(errno.EPERM), f"not_{name}"]
    code += _processes(subprocesses) + _scheduling() + _sockets() + _options()
    if pid:
        code += _only_own_pid(pid)
    return bpf.assemble([*code, bpf.allow()])


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install(code: bytes) -> None:
    """Put the calling thread (and what it forks or starts) under a filter, for good. Needs no_new_privs.

    Raises OSError where the kernel has no seccomp filters.
    """
    syscalls.raw("seccomp", 1, 0, _Program(len(code) // 8, code))
