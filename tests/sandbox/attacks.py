"""The attacks: what hostile code tries, as source text that runs in a kernel. Data for the tests, nothing runs here.

Each prints a line with GOT when it got what it was after, and raises or prints something else when it did not.
Facts about the host (see `bait`) come in the dict F. Without isolation (`control`) every one of them succeeds, and
harms nothing: what is killed, read or filled was put there for it.

`contained_from`: the lowest level that contains it. Below that the test asserts that it succeeds, so that
THREATS.md can't claim less, or more, than is so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kernels_sandbox.jail import Level

_LIBC = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
x86 = os.uname().machine == "x86_64"
def call(x, a, *args):
    r = libc.syscall(x if x86 else a, *args)
    if r < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return r
"""


@dataclass(frozen=True)
class Attack:
    """One attack.

    limits: ChildLimits for it, bytes and counts; set low, so that the control stays harmless.
    seconds: deadline; then it is killed. Long, for a slow disk and a machine that does much else.
    by_pool: also tried in a real kernel; false where it needs limits that a Policy does not have.
    own_pids: its control runs in a pid namespace of its own, because it would kill everything there is.
    """

    name: str
    code: str
    contained_from: Level = "rlimits"
    limits: dict[str, Any] = field(default_factory=dict)
    seconds: float = 60.0
    own_pids: bool = False
    by_pool: bool = True

    def __str__(self) -> str:
        return self.name


def _read(name: str, what: str, contained_from: Level = "landlock") -> Attack:
    return Attack(name, f'print("GOT", len(open({what}, "rb").read(100)))', contained_from)


ATTACKS = [
    _read("read a secret of the host", 'F["secret"]'),
    _read("read a data set with the gold answers", 'F["gold"]'),
    _read("read a file of the system", 'F["etc"]'),
    Attack(
        "learn that a file exists, and its size",
        'import os; print("GOT", os.stat(F["secret"]).st_size)',
        "namespaces",
    ),
    Attack("list the home folder", 'import os; print("GOT", os.listdir(F["home"])[0])', "landlock"),
    Attack("find secrets in the environment", 'import os; print("GOT", os.environ["HOST_SECRET"])'),
    Attack(
        "find the host's secret in own memory",
        """
import hashlib, re
for line in open("/proc/self/maps"):
    span, rights = line.split()[:2]
    low, high = (int(part, 16) for part in span.split("-"))
    if "r" in rights and high - low < 1 << 28 and "[v" not in line:
        try:
            with open("/proc/self/mem", "rb", 0) as memory:
                memory.seek(low)
                content = memory.read(high - low)
        except OSError:
            continue
        for found in re.findall(rb"CANARY-[0-9a-f]{32}", content):
            if hashlib.sha256(found).hexdigest() == F["canary_sha256"]:
                print("GOT", "the canary")
                raise SystemExit
""",
    ),
    Attack(
        "read another process's environment",
        'print("GOT", len(open(f"/proc/{F[\'victim\']}/environ").read()))',
        "landlock",
    ),
    Attack(
        "see other processes and their command lines",
        """
import os
for entry in os.listdir("/proc"):
    if entry.isdigit() and "CMDLINE-BAIT" in open(f"/proc/{entry}/cmdline").read():
        print("GOT", entry)
""",
        "landlock",
    ),
    Attack(
        "write wherever it can",
        """
import os
wrote = []
for folder in F["folders"]:
    try:
        with open(os.path.join(folder, F["marker"]), "w") as file:
            file.write("x")
        wrote.append(folder)
    except OSError:
        pass
print("TRIED", wrote)
""",
        "landlock",
    ),
    Attack("overwrite a file of the user", 'open(F["victim_file"], "w").write("spoilt")', "landlock"),
    Attack("truncate a file of the user", 'import os; os.truncate(F["victim_file"], 0)', "landlock"),
    Attack("remove a file of the user", 'import os; os.unlink(F["victim_file"])', "landlock"),
    Attack(
        "connect to a TCP listener",
        'import socket; s = socket.create_connection(("127.0.0.1", F["tcp"]), 2); s.send(b"tcp"); print("GOT")',
    ),
    Attack(
        "send a UDP datagram",
        """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("GOT", s.sendto(b"udp", ("127.0.0.1", F["udp"])))
""",
    ),
    Attack(
        "connect to an abstract socket",
        """
import socket
s = socket.socket(socket.AF_UNIX)
s.connect("\\0" + F["abstract"])
print("GOT", s.send(b"abstract"))
""",
    ),
    Attack(
        "connect to a socket with a path",
        'import socket; s = socket.socket(socket.AF_UNIX); s.connect(F["unix"]); print("GOT", s.send(b"unix"))',
    ),
    Attack(
        "send to a datagram socket with a path, from half of a pair",
        """
import socket
s = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0]
print("GOT", s.sendto(b"dgram", F["dgram"]))
""",
    ),
    Attack("kill a process", 'import os; os.kill(F["victim"], 9); print("GOT")'),
    Attack(
        "kill a process by pidfd",
        'import os, signal; signal.pidfd_send_signal(os.pidfd_open(F["victim"]), 9); print("GOT")',
    ),
    Attack(
        "kill its parent",
        'import os; os.kill(os.getppid() or 1, 9); print("SENT", os.getppid())',
        own_pids=True,
    ),
    Attack("kill everything it may", 'import os; os.kill(-1, 9); print("SENT")', own_pids=True),
    Attack(
        "kill all numbers up to 2000",
        """
import os
for pid in range(2000):
    if pid not in (0, os.getpid()):
        try:
            os.kill(pid, 9)
            print("SENT", pid)
        except OSError:
            pass
""",
        own_pids=True,
    ),
    Attack(
        "lower another process's limits",
        'import resource; resource.prlimit(F["victim"], resource.RLIMIT_CORE, (0, 0)); print("GOT")',
    ),
    Attack(
        "move another process to one core", 'import os; os.sched_setaffinity(F["victim"], {0}); print("GOT")'
    ),
    Attack(
        "slow another process down",
        'import os; os.setpriority(os.PRIO_PROCESS, F["victim"], 10); print("GOT")',
    ),
    Attack(
        "have the kernel send a signal",
        """
import fcntl, os, signal
read, write = os.pipe()
fcntl.fcntl(read, fcntl.F_SETOWN, F["victim"])
fcntl.fcntl(read, fcntl.F_SETSIG, signal.SIGKILL)
fcntl.fcntl(read, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
print("GOT", os.write(write, b"x"))
""",
    ),
    Attack("trace another process", _LIBC + 'call(101, 117, 0x4206, F["victim"], 0, 0); print("GOT")'),
    Attack(
        "read another process's memory",
        _LIBC
        + """
class V(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
local = ctypes.create_string_buffer(8)
here, there = V(ctypes.addressof(local), 8), V(F["victim_address"], 8)
print("GOT", call(310, 270, F["victim"], ctypes.byref(here), 1, ctypes.byref(there), 1, 0))
""",
    ),
    Attack("make namespaces", _LIBC + 'call(272, 97, 0x10020000); print("GOT")'),
    Attack(
        "mount over a folder",
        _LIBC
        + """
if F["control"]:
    call(272, 97, 0x10020000)
print("GOT", call(165, 40, b"tmpfs", b"/tmp", b"tmpfs", 0, None))
""",
    ),
    Attack(
        "unmount /tmp or /proc",
        _LIBC
        + """
if F["control"]:
    call(272, 97, 0x10020000)
    call(165, 40, b"tmpfs", b"/proc", b"tmpfs", 0, None)
print("GOT", call(166, 39, b"/proc", 2))
""",
    ),
    Attack("keep a key in the kernel", _LIBC + 'print("GOT", call(250, 219, 0, -3, 1))'),
    Attack(
        "System V shared memory",
        _LIBC + 'n = call(29, 194, 0, 4096, 0o1600); call(31, 195, n, 0, None); print("GOT")',
    ),
    Attack(
        "System V messages", _LIBC + 'n = call(68, 186, 0, 0o1600); call(71, 187, n, 0, None); print("GOT")'
    ),
    Attack("io_uring", _LIBC + 'print("GOT", call(425, 425, 1, ctypes.create_string_buffer(256)))'),
    Attack("personality", _LIBC + 'print("GOT", call(135, 92, 0xFFFFFFFF))'),
    Attack(
        "outlive its parent",
        _LIBC + "r = libc.prctl(1, 0, 0, 0, 0)\nprint('GOT' if r == 0 else 'refused')",
    ),
    Attack("start a program", 'import subprocess; print("GOT", subprocess.run(["/bin/true"]).returncode)'),
    Attack(
        "fork bomb",
        """
import os, time
pids = []
try:
    for _ in range(300):
        pid = os.fork()
        if pid == 0:
            time.sleep(20)
            os._exit(0)
        pids.append(pid)
    print("GOT", len(pids))
finally:
    for pid in pids:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
""",
    ),
    Attack(
        "thread bomb",
        """
import _thread, time
_thread.stack_size(65536)
for count in range(1500):
    _thread.start_new_thread(time.sleep, (2,))
print("GOT", count)
""",
        limits={"tasks": 64},
    ),
    Attack("a large bytearray", 'print("GOT", len(bytearray(700 << 20)))'),
    Attack(
        "many small objects",
        'print("GOT", len([str(i) * 50 for i in range(1_500_000)]))',
        limits={"memory_bytes": 256 << 20},
        by_pool=False,
    ),
    Attack(
        "a shared mapping",
        'import mmap; m = [mmap.mmap(-1, 50 << 20) for _ in range(14)]; print("GOT", len(m))',
    ),
    Attack(
        "memory behind a descriptor",
        'import os; fd = os.memfd_create("x"); print("GOT", os.write(fd, b"x" * 1000))',
    ),
    Attack(
        "fill the disk",
        """
import os, tempfile
names = []
try:
    for number in range(40):
        names.append(f"{tempfile.gettempdir()}/{F['marker']}-{number}")
        with open(names[-1], "wb") as file:
            file.write(bytes(1 << 20))
    print("GOT", len(names))
finally:
    for name in names:
        os.unlink(name)
""",
        "namespaces",
        limits={"tmp_bytes": 16 << 20},
    ),
    Attack(
        "use up all inodes",
        """
import os, tempfile
names = []
try:
    for number in range(1200):
        names.append(f"{tempfile.gettempdir()}/{F['marker']}-{number}")
        open(names[-1], "w").close()
    print("GOT", len(names))
finally:
    for name in names:
        try:
            os.unlink(name)
        except FileNotFoundError:
            pass
""",
        "namespaces",
        limits={"tmp_inodes": 1000},
        by_pool=False,
    ),
    Attack(
        "one large file",
        """
import os, tempfile
fd, name = tempfile.mkstemp()
try:
    os.posix_fallocate(fd, 0, 10 << 20)
    print("GOT", os.fstat(fd).st_size)
finally:
    os.unlink(name)
""",
        limits={"file_bytes": 4 << 20},
    ),
    Attack(
        "raise its limits",
        """
import resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
print("GOT", resource.getrlimit(resource.RLIMIT_NOFILE))
""",
    ),
    Attack(
        "spin without end, deaf to signals",
        """
import os, signal, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGXCPU):
    signal.signal(number, signal.SIG_IGN)
while time.process_time() < 2.0:
    pass
print("GOT", time.process_time())
""",
        limits={"cpu_seconds": 1},
        by_pool=False,
    ),
    Attack(
        "use descriptors that were left open",
        """
import os
left = []
for fd in range(3, 300):
    try:
        os.fstat(fd)
        left.append(fd)
    except OSError:
        pass
print("GOT" if left else "none", left)
""",
        by_pool=False,
    ),
]
