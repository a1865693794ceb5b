"""Runs inside the jail of a test (as text, by -c): forks a confined child per request and says what it did.

Requests and answers are lines of JSON on stdin and stdout:
    {"code": ..., "facts": {...}, "limits": {...}, "seconds": 10}  ->  {"said": ..., "status": n, "alive": bool,
                                                        "sibling": "42", "kill_seconds": x or null, "pid": n}
`alive` is whether the child was still running at the deadline; it is then killed. Outside of a jail (a control) the
child is an ordinary fork without any limit.
"""

import contextlib
import json
import os
import select
import signal
import sys
import time
from pathlib import Path

from kernels_sandbox.jail import ChildLimits, confine_self, forget_child, fork_child, inside


def start(body, limits):
    """Fork a confined child that runs body(); its process and the descriptor of what it writes to 1 and 2."""
    read, write = os.pipe()
    child = fork_child()
    if child is not None:
        os.close(write)
        return child, read
    try:
        null = os.open("/dev/null", os.O_RDWR)
        for fd, number in ((null, 0), (write, 1), (write, 2)):
            os.dup2(fd, number)
        confine_self(ChildLimits(**{"keep_fds": [], "memory_bytes": 512 << 20, **limits}))
        body()
    except BaseException as error:
        os.write(1, f"{type(error).__name__}: {error}\n".encode())
    os._exit(0)


def sibling():
    """A child that holds s = 42 and says it whenever it is asked."""
    ask_read, ask_write = os.pipe()

    def body():
        s = 42
        if inside().level != "none":
            Path("of-a-sibling").write_text("a sibling's file")
        while os.read(ask_read, 1):
            os.write(1, str(s).encode())

    read, write = os.pipe()
    child = fork_child()
    if child is None:
        os.dup2(write, 1)
        confine_self(ChildLimits(keep_fds=(ask_read,)))
        body()
        os._exit(0)
    os.close(write)
    os.close(ask_read)

    def ask():
        try:
            os.write(ask_write, b"?")
        except OSError:
            return "dead"
        return os.read(read, 10).decode() if select.select([read], [], [], 60)[0] else "silent"

    return ask, child.pid


def attack(request):
    """Run one request in a child of its own."""

    def body():
        space = {"F": request.get("facts", {})}
        try:
            exec(request["code"], space)
        finally:
            sys.stdout.flush()

    child, read = start(body, request.get("limits", {}))
    said, deadline = b"", time.monotonic() + request.get("seconds", 10)
    ended = False
    while not ended and time.monotonic() < deadline:
        ready = select.select([read, child.pidfd], [], [], deadline - time.monotonic())[0]
        if read in ready and len(said) < 100_000:
            said += os.read(read, 65536)
        ended = child.pidfd in ready
    kill_seconds = None
    if not ended:
        begun = time.monotonic()
        signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED | os.WNOWAIT)
        kill_seconds = time.monotonic() - begun
    os.set_blocking(read, False)
    with contextlib.suppress(BlockingIOError):
        said += os.read(read, 65536)
    status = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
    os.close(read)
    os.close(child.pidfd)
    forget_child(child.pid)
    return {
        "said": said.decode(errors="replace"),
        "status": status,
        "alive": not ended,
        "kill_seconds": kill_seconds,
        "pid": child.pid,
    }


def main():
    """Serve until stdin ends."""
    ask, number = sibling()
    assert ask() == "42"
    hello = {
        "level": inside().level,
        "work": inside().work,
        "uid": os.getuid(),
        "sibling": number,
        "env": dict(os.environ),
    }
    sys.stdout.write(json.dumps(hello) + "\n")
    for line in sys.stdin:
        answer = attack(json.loads(line))
        sys.stdout.write(json.dumps({**answer, "sibling": ask()}) + "\n")


main()
