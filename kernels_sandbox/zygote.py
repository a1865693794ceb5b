"""Start kernels by forking them from a process that has everything imported: the host's side of `inside.zygote`."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import itertools
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from kernels_sandbox.errors import KernelStartError
from kernels_sandbox.jail import JailError, JailSpec, Level, jail_command
from kernels_sandbox.memory import KernelGroups
from kernels_sandbox.policy import Policy
from kernels_sandbox.process import Exit, KernelOptions, KernelProcess
from kernels_sandbox.spawn import clean_environment

AT_ONCE = 4
"""Fork requests under way; the zygote serves one after another, more would only fill its socket."""

REPORT_SECONDS = 0.05
"""How long to wait, once a kernel has ended, for the zygote to say how."""

CLOSE_SECONDS = 3.0
"""How long the jail's monitor may take to end everything before it is killed itself."""

MB = 1 << 20


class ForkedProcess:
    """A kernel known by its pidfd; its parent is the zygote."""

    def __init__(self, pidfd: int, zygote: Zygote) -> None:
        self._loop = asyncio.get_running_loop()
        self._pidfd: int | None = pidfd
        self._zygote = zygote
        self._timer: asyncio.TimerHandle | None = None
        self.pid = pid_of(pidfd)
        self.exited: asyncio.Future[Exit] = self._loop.create_future()
        self._loop.add_reader(pidfd, self._ended)

    def send_signal(self, number: int) -> None:
        """Send a signal; nothing happens if the process has ended."""
        if self._pidfd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> None:
        """End the process at once."""
        self.send_signal(signal.SIGKILL)

    def report(self, how: Exit) -> None:
        """The zygote says how the process ended."""
        if self._timer is not None:
            self._timer.cancel()
        self._forget()
        if not self.exited.done():
            self.exited.set_result(how)

    def _ended(self) -> None:
        self._forget()
        if not self.exited.done():
            self._timer = self._loop.call_later(REPORT_SECONDS, self.report, Exit())

    def _forget(self) -> None:
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None


def pid_of(pidfd: int) -> int:
    """The process id behind a pidfd, as seen from here; 0 if it has ended."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text(encoding="ascii").splitlines():
        if line.startswith("Pid:"):
            return max(0, int(line.split()[1]))
    return 0


class Zygote:
    """One zygote process and the kernels forked from it. Made by `start`."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._process = process
        self._control = control
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[ForkedProcess]] = {}
        self._kernels: dict[int, ForkedProcess] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.alive = True
        self.pid = process.pid
        self._loop.add_reader(control.fileno(), self._on_control)

    @classmethod
    async def start(cls, policy: Policy, level: Level) -> Zygote:
        """Start a zygote in its jail and wait until it can fork. Raises KernelStartError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        spec = _zygote_spec(policy, level, theirs.fileno())
        try:
            argv, env = jail_command(
                [sys.executable, "-m", "kernels_sandbox.inside.zygote", spec],
                _jail_spec(policy, level, theirs.fileno()),
                clean_environment("/tmp"),
            )
            process = await asyncio.create_subprocess_exec(
                *argv,
                env=env,
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, JailError) as error:
            ours.close()
            raise KernelStartError(f"the process that forks kernels could not be started: {error}") from error
        finally:
            theirs.close()
        zygote = cls(process, ours)
        try:
            async with asyncio.timeout(policy.start_seconds):
                await zygote.ready
        except TimeoutError as error:
            await zygote.aclose()
            why = f"the process that forks kernels was not ready within {policy.start_seconds:g} s"
            raise KernelStartError(
                why, "importing the modules to preload may take longer: Policy.start_seconds"
            ) from error
        except BaseException:
            await zygote.aclose()
            raise
        return zygote

    async def fork(self, descriptors: dict[str, int], options: int) -> ForkedProcess:
        """Fork a kernel that serves on these sockets, by name, and reads its options from a pipe.

        Raises KernelStartError.
        """
        async with self._gate:
            if not self.alive:
                raise KernelStartError("the process that forks kernels has ended")
            number = next(self._numbers)
            answer: asyncio.Future[ForkedProcess] = self._loop.create_future()
            self._waiting[number] = answer
            request = json.dumps({"fork": number, "names": list(descriptors)}).encode()
            try:
                socket.send_fds(self._control, [request], [options, *descriptors.values()])
            except OSError as error:
                del self._waiting[number]
                raise KernelStartError(f"the process that forks kernels does not listen: {error}") from error
            return await answer

    async def aclose(self) -> None:
        """Kill the zygote and with it all its kernels, and wait for their end."""
        self._lost("it was closed")
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()  # the jail's monitor kills everything in it, and cleans up after it
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._process.communicate()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.communicate()
        for kernel in list(self._kernels.values()):
            kernel.kill()
            await asyncio.wait({kernel.exited}, timeout=5)

    def _on_control(self) -> None:
        while self.alive:
            try:
                data, fds, _, _ = socket.recv_fds(self._control, 65536, 4)
            except BlockingIOError:
                return
            except OSError as error:
                self._lost(str(error))
                return
            if not data:
                self._lost("it ended")
                return
            self._on_message(json.loads(data), fds)

    def _on_message(self, message: dict[str, Any], fds: list[int]) -> None:
        match message:
            case {"forked": int(number)}:
                kernel = self._kernels[number] = ForkedProcess(fds[0], self)
                waiting = self._waiting.pop(number)
                if waiting.cancelled():
                    kernel.kill()
                else:
                    waiting.set_result(kernel)
            case {"exited": int(number)}:
                kernel = self._kernels.pop(number)
                kernel.report(Exit(code=message.get("code"), signal=message.get("signal")))
            case {"refused": int(number), "why": str(why)}:
                waiting = self._waiting.pop(number)
                if not waiting.cancelled():
                    waiting.set_exception(KernelStartError(f"a kernel could not be forked: {why}"))
            case {"ready": True}:
                self.ready.set_result(None)
            case {"failed": str(why)}:
                error = KernelStartError(f"kernels can't be prepared: {why}", "check the modules to preload")
                self.ready.set_exception(error)

    def _lost(self, why: str) -> None:
        if not self.alive:
            return
        self.alive = False
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        error = KernelStartError(f"the process that forks kernels is gone: {why}")
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)
        self._waiting.clear()
        if not self.ready.done():
            self._loop.create_task(self._explain(why))

    async def _explain(self, why: str) -> None:
        """The zygote ended before it was ready: say what it, or its jail, wrote last."""
        _, complaint = await self._process.communicate()
        lines = complaint.decode("utf-8", "replace").strip().splitlines()
        if not self.ready.done():
            said = f": {lines[-1][:300]}" if lines else f": {why}"
            self.ready.set_exception(KernelStartError(f"the process that forks kernels did not start{said}"))


class ZygoteLauncher:
    """Forks kernels from a zygote, and starts a new zygote when that one has died."""

    def __init__(self, policy: Policy, level: Level) -> None:
        self._policy = policy
        self._level = level
        self._zygote: Zygote | None = None
        self._groups = KernelGroups(policy.memory_mb * MB) if policy.processes else None
        self._starting = asyncio.Lock()
        self._closed = False

    @property
    def pid(self) -> int:
        """Process id of the zygote (of its jail's outermost process); 0 while there is none."""
        return self._zygote.pid if self._zygote is not None and self._zygote.alive else 0

    async def launch(
        self, descriptors: dict[str, int], options: KernelOptions | None = None
    ) -> KernelProcess:
        """Fork a kernel on these sockets; once more if the zygote dies over it. Raises KernelStartError."""
        zygote = await self._present()
        try:
            return await self._fork(zygote, descriptors, options)
        except KernelStartError:
            if zygote.alive:
                raise
        return await self._fork(await self._present(), descriptors, options)

    async def _fork(
        self, zygote: Zygote, descriptors: dict[str, int], options: KernelOptions | None
    ) -> ForkedProcess:
        pipe = (options or KernelOptions()).as_pipe(self._policy.output_bytes)
        try:
            process = await zygote.fork(descriptors, pipe)
        finally:
            os.close(pipe)
        if self._groups is not None:
            self._groups.add(process)
        return process

    async def aclose(self) -> None:
        """End the zygote and every kernel."""
        self._closed = True
        async with self._starting:
            if self._zygote is not None:
                await self._zygote.aclose()
                self._zygote = None
        if self._groups is not None:
            self._groups.close()

    async def _present(self) -> Zygote:
        async with self._starting:
            if self._closed:
                raise KernelStartError("the pool is closed")
            if self._zygote is not None and not self._zygote.alive:
                await self._zygote.aclose()
                self._zygote = None
            if self._zygote is None:
                self._zygote = await Zygote.start(self._policy, self._level)
            return self._zygote


def _zygote_spec(policy: Policy, level: Level, control: int) -> str:
    limits = {
        "level": level,
        "memory_bytes": policy.memory_mb * MB,
        "cpu_seconds": policy.cpu_seconds,
        "file_bytes": policy.file_mb * MB,
        "tasks": policy.threads + policy.processes,
        "tmp_bytes": policy.tmp_mb * MB,
        "subprocesses": policy.processes > 0,
    }
    return json.dumps({"control": control, "preload": list(policy.preload), "limits": limits})


def _jail_spec(policy: Policy, level: Level, control: int) -> JailSpec:
    tops = dict.fromkeys(name.partition(".")[0] for name in policy.preload)
    # What does not exist is left to the zygote, whose complaint names the module.
    packages = ("kernels_sandbox", *(top for top in tops if importlib.util.find_spec(top) is not None))
    return JailSpec(level=level, packages=packages, data=dict(policy.data), fds=(control,))
