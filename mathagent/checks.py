"""The checks of `mathagent doctor`: each looks at one thing by using it, and says how to mend it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata, util
from typing import Literal

from kernels_sandbox import KernelPool, Policy, SandboxError, probe
from mathagent.errors import MathAgentError
from mathagent.home import home
from mathagent.models import OpenAIServer
from mathagent.serving import cpu_environment, running_server

_FREE_MB = 100


@dataclass(frozen=True, slots=True)
class Check:
    """What was found. "warning": something does not work that not everybody needs. `mend`: one line, "" if none."""

    name: str
    status: Literal["ok", "warning", "failed"]
    detail: str
    mend: str = ""


async def all_checks(base_url: str | None, api_key: str | None, model: str | None) -> list[Check]:
    """Run every check. None raises: a check that breaks is a check that failed."""
    checks = [_python(), _system(), _vllm(), await _endpoint(base_url, api_key, model)]
    checks += _isolation()
    checks += [await _kernel(), _disk()]
    return checks


def _python() -> Check:
    version = platform.python_version()
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Check("Python", "ok", f"{version} at {sys.executable}")
    return Check("Python", "failed", f"{version} at {sys.executable}", "use Python 3.11, 3.12 or 3.13")


def _system() -> Check:
    name = f"{platform.system()} {platform.release()} on {platform.machine()}"
    if sys.platform == "linux":
        return Check("system", "ok", name)
    return Check(
        "system",
        "warning",
        name,
        "isolation of kernels and the embedded model need Linux: use --isolation none",
    )


def _vllm() -> Check:
    """Which vLLM there is: the user's own, or the CPU build in its own environment."""
    found = []
    if util.find_spec("vllm") is not None:
        found.append(f"{_version('vllm')} in this environment ({_gpu()})")
    cpu = cpu_environment()
    if cpu is not None:
        found.append(f"CPU build (by the community) in {cpu}")
    if found:
        return Check("vLLM", "ok", "; ".join(found))
    return Check(
        "vLLM",
        "warning",
        "none: needed only to serve a model on this machine",
        "mathagent setup (CPU and the embedded model), or pip install 'mathagent[vllm]' on a CUDA machine",
    )


def _gpu() -> str:
    """The CUDA device that vLLM would use, by asking the driver's own tool."""
    import subprocess

    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "no CUDA device"
    try:
        names = subprocess.run(
            [tool, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout.split("\n")
    except (OSError, subprocess.SubprocessError):
        return "nvidia-smi does not answer"
    return ", ".join(name.strip() for name in names if name.strip()) or "no CUDA device"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "of unknown version"


async def _endpoint(base_url: str | None, api_key: str | None, model: str | None) -> Check:
    """The endpoint that `solve` would use, by asking it for its models."""
    url = base_url or os.environ.get("OPENAI_BASE_URL")
    if url is None:
        server = running_server()
        if server is None:
            return Check(
                "endpoint",
                "warning",
                "none is set and no server runs: solve starts the embedded model",
                "mathagent serve",
            )
        url, model, api_key = server.base_url, model or server.model, server.api_key
    try:
        client = OpenAIServer(url, api_key, model, connect_wait=0.0)
        try:
            info = await client.describe()
        finally:
            await client.aclose()
    except MathAgentError as error:
        return Check("endpoint", "failed", error.message, error.hint)
    context = f", context {info.context_length} tokens" if info.context_length else ""
    goes_on = (
        "continues messages" if info.can_continue else "can't continue a message: outputs go as new turns"
    )
    return Check(
        "endpoint", "ok", f"{info.id} at {url} ({info.owner or 'unknown server'}{context}; {goes_on})"
    )


def _isolation() -> list[Check]:
    """The level of isolation that kernels get on this machine, and every layer."""
    isolation = probe()
    best = isolation.level == "namespaces"
    checks = [
        Check(
            "isolation",
            "ok" if best else "failed",
            f"level {isolation.level}",
            "" if best else f"mend the layers below, or accept it: --isolation {isolation.level}",
        )
    ]
    for name, layer in isolation.layers.items():
        checks.append(Check(f"  {name}", "ok" if layer.ok else "warning", layer.detail, layer.mend))
    return checks


async def _kernel() -> Check:
    """A kernel at the level that this machine gives, by running a cell."""
    try:
        async with (
            KernelPool(Policy(min_level="none", cell_seconds=20), warm=0) as pool,
            pool.kernel() as kernel,
        ):
            result = await kernel.execute("import sympy, numpy\nsympy.Integer(6) * 7")
    except SandboxError as error:
        return Check("kernel", "failed", error.message, error.hint)
    if result.result == "42":
        return Check("kernel", "ok", f"a cell with sympy and numpy ran in {result.seconds:.2f} s")
    return Check(
        "kernel", "failed", f"a cell ended with {result.status}: {result.detail}", "mathagent doctor --json"
    )


def _disk() -> Check:
    """Whether traces can be written."""
    folder = home()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe_file = folder / f".doctor-{os.getpid()}"
        probe_file.write_text("x")
        probe_file.unlink()
        free = shutil.disk_usage(folder).free // 2**20
    except OSError as error:
        return Check(
            "disk", "failed", f"{folder}: {error.strerror}", "set MATHAGENT_HOME to a folder you may write to"
        )
    if free < _FREE_MB:
        return Check("disk", "failed", f"{free} MiB free in {folder}", "make room, or set MATHAGENT_HOME")
    return Check("disk", "ok", f"{folder}: {free:,} MiB free")
