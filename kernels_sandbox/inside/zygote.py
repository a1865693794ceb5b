"""The process that forks kernels: `python -m kernels_sandbox.inside.zygote SPEC`, SPEC being JSON.

One thread, no ZeroMQ, no event loop. It imports what kernels need, builds one kernel up to its sockets, and then
forks a copy for every request on its control socket (SOCK_SEQPACKET, JSON, descriptors alongside):

    to it    {"fork": ID, "names": [...]}    descriptors: a pipe with the kernel's own spec, then one per name
    from it  {"ready": true}                 or {"failed": "why"}
             {"forked": ID}                  descriptor: a pidfd
             {"refused": ID, "why": "..."}
             {"exited": ID, "code": N, "signal": N}

What it has in memory every kernel can read, so it starts from an empty environment and never sees a kernel's key.
It ends when the control socket closes.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from kernels_sandbox.inside import line
from kernels_sandbox.inside.app import SandboxKernel, build
from kernels_sandbox.inside.heap import settle
from kernels_sandbox.inside.serve import serve
from kernels_sandbox.inside.warmup import reseed, warm_up
from kernels_sandbox.jail import ChildLimits, confine_self, forget_child, fork_child, inside, prepare


class Zygote:
    """Forks kernels on request.

    Args:
        control: the socket to the host.
        kernel: built, not attached.
        limits: for every kernel.
    """

    def __init__(self, control: socket.socket, kernel: SandboxKernel, limits: ChildLimits) -> None:
        self._control = control
        self._kernel = kernel
        self._limits = limits
        self._children: dict[int, tuple[int, int]] = {}
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def run(self) -> None:
        """Answer until the host is gone."""
        self._say({"ready": True})
        while True:
            for fd, _ in self._poll.poll():
                if fd != self._control.fileno():
                    self._reap(fd)
                elif not self._request():
                    return

    def _request(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._control, 65536, 8)
        if not data:
            return False
        request = json.loads(data)
        try:
            self._fork(request["fork"], request["names"], fds)
        except OSError as error:
            self._say({"refused": request["fork"], "why": str(error)})
        finally:
            for fd in fds:
                os.close(fd)
        return True

    def _fork(self, number: int, names: Sequence[str], fds: list[int]) -> None:
        if len(list(Path("/proc/self/task").iterdir())) > 1:
            raise OSError(
                "the process that forks kernels has more than one thread; a preloaded module started it"
            )
        child = fork_child()
        if child is None:
            self._become_kernel(names, fds)
        self._children[child.pidfd] = (number, child.pid)
        self._poll.register(child.pidfd, select.POLLIN)
        self._say({"forked": number}, [child.pidfd])

    def _become_kernel(self, names: Sequence[str], fds: list[int]) -> NoReturn:
        try:
            with os.fdopen(fds[0]) as pipe:
                spec = json.load(pipe)
            descriptors = dict(zip(names, fds[1:], strict=True))
            confine_self(replace(self._limits, keep_fds=tuple(fds[1:])))
            reseed()
            serve(self._kernel, descriptors, **spec)
            os._exit(0)
        finally:
            os._exit(1)

    def _reap(self, pidfd: int) -> None:
        number, pid = self._children.pop(pidfd)
        self._poll.unregister(pidfd)
        status = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
        os.close(pidfd)
        forget_child(pid)
        if status is not None:
            kind = "code" if status.si_code == os.CLD_EXITED else "signal"
            self._say({"exited": number, kind: status.si_status})

    def _say(self, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
        socket.send_fds(self._control, [json.dumps(message).encode()], fds)


def main() -> None:
    """Read the spec, import, build, serve."""
    spec = json.loads(sys.argv[1])
    control = socket.socket(fileno=spec["control"])
    control.set_inheritable(False)
    try:
        profile = Path(inside().work, "ipython")
        profile.mkdir()
        kernel = build(str(profile), spec["preload"])
        warm_up(kernel, spec["preload"])
        line.prepare(kernel)
    except Exception as error:
        message = {"failed": f"{type(error).__name__}: {error}"}
        socket.send_fds(control, [json.dumps(message).encode()], [])
        raise SystemExit(1) from error
    limits = ChildLimits(**spec["limits"])
    prepare(limits)
    quiet_standard_streams()
    settle()
    Zygote(control, kernel, limits).run()


def quiet_standard_streams() -> None:
    """From here on nothing reaches the host but by the control socket."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)


if __name__ == "__main__":
    main()
