"""Start each kernel as a new Python process: the slow way, where kernels can't be forked. No jail."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from kernels_sandbox.errors import KernelStartError
from kernels_sandbox.jail import link_data
from kernels_sandbox.policy import Policy
from kernels_sandbox.process import Exit, KernelOptions, KernelProcess


class SpawnedProcess:
    """A kernel that is a child of this process."""

    def __init__(self, process: asyncio.subprocess.Process, folder: str, lifeline: int) -> None:
        self.pid = process.pid
        self.exited: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._process = process
        self._folder = folder
        self._lifeline = lifeline
        self._watcher = asyncio.create_task(self._watch())

    def send_signal(self, number: int) -> None:
        """Send a signal; nothing happens if the process has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _watch(self) -> None:
        code = await self._process.wait()
        os.close(self._lifeline)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        if not self.exited.done():
            self.exited.set_result(Exit(code=code) if code >= 0 else Exit(signal=-code))


class SpawnLauncher:
    """Starts kernels one process at a time."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._processes: set[SpawnedProcess] = set()

    async def launch(
        self, descriptors: dict[str, int], options: KernelOptions | None = None
    ) -> KernelProcess:
        """Start a kernel on these sockets. Raises KernelStartError."""
        folder = _working_folder(self._policy)
        inside_end, lifeline = os.pipe()
        pipe = (options or KernelOptions()).as_pipe(self._policy.output_bytes)
        spec = {
            "descriptors": descriptors,
            "lifeline": inside_end,
            "folder": folder,
            "preload": list(self._policy.preload),
            "options": pipe,
        }
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "kernels_sandbox.inside.single",
                json.dumps(spec),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=folder,
                env=clean_environment(folder),
                pass_fds=(*descriptors.values(), inside_end, pipe),
                start_new_session=True,
            )
        except OSError as error:
            os.close(lifeline)
            shutil.rmtree(folder, ignore_errors=True)
            raise KernelStartError(f"the kernel's process could not be started: {error}") from error
        finally:
            os.close(inside_end)
            os.close(pipe)
        child = SpawnedProcess(process, folder, lifeline)
        self._processes.add(child)
        child.exited.add_done_callback(lambda _: self._processes.discard(child))
        return child

    async def aclose(self) -> None:
        """Kill every kernel and wait for its end."""
        processes = list(self._processes)
        for process in processes:
            process.kill()
        await asyncio.gather(*(process.exited for process in processes))


def _working_folder(policy: Policy) -> str:
    data = {name: Path(path).absolute() for name, path in policy.data.items()}
    for path in data.values():
        if not path.exists():
            raise KernelStartError(f"no such data file: {path}")
    folder = tempfile.mkdtemp(prefix="kernels-sandbox-")
    link_data(folder, ((name, str(path)) for name, path in data.items()))
    return folder


def clean_environment(home: str) -> dict[str, str]:
    """The whole environment of a kernel: nothing of the user's, no secret."""
    return {
        "HOME": home,
        "TMPDIR": home,
        "IPYTHONDIR": home,
        "MPLCONFIGDIR": home,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
