"""Sandboxed kernels for Jupyter clients: a kernel provisioner and the kernelspec that names it.

JupyterLab, nbclient, papermill and `jupyter console` start kernels through jupyter_client, which finds this provisioner
under the entry point group `jupyter_client.kernel_provisioners`. All kernels of one process with the same policy are
forked from one zygote.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Dict as DictTrait

from kernels_sandbox.channels import listen, make_folder, remove_folder
from kernels_sandbox.errors import PolicyError, SandboxError
from kernels_sandbox.jail import Isolation, probe
from kernels_sandbox.launcher import choose_launcher
from kernels_sandbox.policy import Policy
from kernels_sandbox.process import Exit, KernelOptions, KernelProcess, Launcher

NAME = "kernels-sandbox"
DISPLAY_NAME = "Python (sandbox)"
CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
NOTEBOOK_OUTPUT_BYTES = 20_000_000

RECONNECT_SECONDS = 0.3
"""How long clients get to connect again before a restarted kernel begins: ZeroMQ tries every 0.1 to 0.2 s. A kernel
that is ready sooner than they are would take a cell from one channel while its output is still lost on the other."""


def install(*, user: bool = True, prefix: str | None = None, policy: Mapping[str, Any] | None = None) -> Path:
    """Install the kernelspec "kernels-sandbox", so that Jupyter clients offer "Python (sandbox)".

    Args:
        user: for this user; otherwise for the system, or for the environment at `prefix`.
        prefix: an environment's root, as sys.prefix.
        policy: fields of Policy that differ from the defaults, JSON-able.

    Returns the kernelspec's folder. Raises PolicyError for a field that Policy doesn't have or a wrong value, and
    SandboxError where the kernelspec can't be written.
    """
    as_policy(policy or {})
    spec = {
        "argv": [sys.executable, "-m", "kernels_sandbox.inside.single", "{connection_file}"],
        "display_name": DISPLAY_NAME,
        "language": "python",
        "interrupt_mode": "signal",
        "metadata": {
            "kernel_provisioner": {"provisioner_name": NAME, "config": {"policy": dict(policy or {})}}
        },
    }
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "kernel.json").write_text(json.dumps(spec, indent=1), encoding="utf-8")
        try:
            place = KernelSpecManager().install_kernel_spec(
                folder, NAME, user=user and prefix is None, prefix=prefix
            )
        except OSError as error:
            raise SandboxError(f"can't install the kernelspec: {error}") from error
    return Path(place)


def as_policy(fields: Mapping[str, Any]) -> Policy:
    """A policy for notebooks from JSON-able fields. Raises PolicyError."""
    values: dict[str, Any] = {"output_bytes": NOTEBOOK_OUTPUT_BYTES, **fields}
    if isinstance(values.get("preload"), list):
        values["preload"] = tuple(values["preload"])
    if "data" in values:
        if not isinstance(values["data"], Mapping):
            raise PolicyError(f"Policy.data must be names and paths, not {values['data']!r}")
        values["data"] = {name: Path(path) for name, path in values["data"].items()}
    unknown = sorted(values.keys() - {field.name for field in dataclasses.fields(Policy)})
    if unknown:
        raise PolicyError(f"a policy has no {', '.join(unknown)}")
    try:
        return Policy(**values)
    except TypeError as error:
        raise PolicyError(f"not a policy: {error}") from error


class _Shared:
    """Launchers that the kernels of this process share, by event loop and policy; closed with their last kernel."""

    def __init__(self) -> None:
        self._launchers: dict[tuple[int, str], tuple[Launcher, set[object]]] = {}

    def of(self, user: object, policy: Policy, isolation: Isolation) -> Launcher:
        key = self._key(policy)
        if key not in self._launchers:
            self._launchers[key] = (choose_launcher(policy, isolation)[0], set())
        launcher, users = self._launchers[key]
        users.add(user)
        return launcher

    async def leave(self, user: object, policy: Policy) -> None:
        key = self._key(policy)
        launcher, users = self._launchers.get(key, (None, set[object]()))
        users.discard(user)
        if launcher is not None and not users:
            del self._launchers[key]
            await launcher.aclose()

    def _key(self, policy: Policy) -> tuple[int, str]:
        return id(asyncio.get_running_loop()), repr(policy)


class SandboxProvisioner(KernelProvisionerBase):
    """Starts, watches and ends one sandboxed kernel on behalf of jupyter_client's KernelManager."""

    _shared: ClassVar[_Shared] = _Shared()

    policy = DictTrait(help="Fields of kernels_sandbox.Policy, from the kernelspec's metadata.").tag(
        config=True
    )

    _process: KernelProcess | None = None
    _folder: Path | None = None
    _restarting = False

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel to manage, alive or not yet waited for. Called by KernelManager."""
        return self._process is not None

    async def poll(self) -> int | None:
        """None while the kernel lives, then its exit status. Called by KernelManager.is_alive."""
        if self._process is None:
            return 0
        await asyncio.sleep(0)  # a blocking client runs the event loop only inside calls like this one
        if self._process.exited.done():
            return _status(self._process.exited.result())
        return None

    async def wait(self) -> int | None:
        """Wait for the kernel's end and return its exit status. Called by KernelManager after a shutdown."""
        if self._process is None:
            return 0
        how = await asyncio.shield(self._process.exited)
        self._process = None
        return _status(how)

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel. Called by KernelManager.interrupt_kernel and signal_kernel."""
        if self._process is not None:
            self._process.send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel at once. Called by KernelManager."""
        if self._process is not None:
            self._process.kill()

    async def terminate(self, restart: bool = False) -> None:
        """End the kernel at once: the first process of a pid namespace ignores SIGTERM. Called by KernelManager."""
        await self.kill(restart)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Make the sockets and the connection file. Called by KernelManager before `launch_kernel`."""
        self._folder = self._folder or make_folder()
        manager = self.parent
        if manager is not None:
            manager.transport = "ipc"
            manager.ip = str(self._folder / "k")
            for number, name in enumerate(CHANNELS, 1):
                setattr(manager, f"{name}_port", number)
            manager.write_connection_file()
            self.connection_info = manager.get_connection_info()
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel. Called by KernelManager. Raises SandboxError, below `policy.min_level` too."""
        policy = as_policy(self.policy)
        info = self.connection_info
        listeners: dict[str, socket.socket] = {}
        try:
            listeners |= _listen(info)
            if self._restarting:  # the sockets are there already, the kernel is not
                await asyncio.sleep(RECONNECT_SECONDS)
            key = info["key"]
            options = KernelOptions(key=key.decode() if isinstance(key, bytes) else key, notebook=True)
            isolation = await asyncio.to_thread(probe)
            launcher = self._shared.of(self, policy, isolation)
            self._process = await launcher.launch(
                {name: one.fileno() for name, one in listeners.items()}, options
            )
        except SandboxError:
            await self._shared.leave(self, policy)
            raise
        finally:
            for listener in listeners.values():
                listener.close()
        return info

    async def cleanup(self, restart: bool = False) -> None:
        """Remove what the kernel leaves outside. Called by KernelManager when the kernel has ended."""
        if self._process is not None:
            self._process.kill()
            await asyncio.wait({self._process.exited})
            self._process = None
        self._restarting = restart
        if not restart:
            await self._shared.leave(self, as_policy(self.policy))
            if self._folder is not None:
                remove_folder(self._folder)
                self._folder = None


def _listen(info: Mapping[str, Any]) -> dict[str, socket.socket]:
    listeners = {}
    for name in CHANNELS:
        path = Path(f"{info['ip']}-{info[f'{name}_port']}")
        path.unlink(missing_ok=True)  # left by the kernel before a restart
        listeners[name] = listen(path)
    return listeners


def _status(how: Exit) -> int:
    """An exit status as subprocess gives it: negative for a signal."""
    if how.signal is not None:
        return -how.signal
    return how.code if how.code is not None else -signal.SIGKILL
