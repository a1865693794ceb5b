"""Which isolation this machine gives, found out by trying."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

from .command import bootstrap, jail_command
from .levels import Isolation, JailError, Layer, Level
from .spec import JailSpec

_TIMEOUT = 60.0  # seconds; the trials take a tenth of one
_ELSEWHERE = Layer(
    False, f"not on {sys.platform}", "Linux isolates; elsewhere run the pool in a Linux container"
)

# What a level can't do without; whether it really holds is then tried as a whole.
_NEEDED: dict[Level, tuple[str, ...]] = {
    "namespaces": ("user", "mount", "pid", "network", "ipc", "uts", "proc", "seccomp", "rlimits"),
    "landlock": ("landlock", "seccomp", "rlimits"),
    "rlimits": ("seccomp", "rlimits"),
}


@cache
def probe() -> Isolation:
    """Try every layer, then every level as a whole from the highest down. Takes some 0.3 s, once per process.

    A level counts only if a confined child in a real jail of that level could not get out of it. On macOS and
    Windows the answer is "none".
    """
    if sys.platform != "linux":
        return Isolation("none", {name: _ELSEWHERE for name in ("user", "seccomp", "landlock", "rlimits")})
    layers = _trials()
    for level, needed in _NEEDED.items():
        lacking = [name for name in needed if not (name in layers and layers[name].ok)]
        if lacking:
            continue
        reason = _whole(level)
        if not reason:
            layers["unprivileged"] = Layer(True, "an ordinary user inside, without capabilities")
            return Isolation(level, layers)
        layers[f"level {level}"] = Layer(False, f"its layers hold one by one, but not together: {reason}")
    return Isolation("none", layers)


def _trials() -> dict[str, Layer]:
    try:
        done = subprocess.run(
            bootstrap("trials"), capture_output=True, timeout=_TIMEOUT, stdin=subprocess.DEVNULL, env={}
        )
        return {name: Layer(**layer) for name, layer in json.loads(done.stdout).items()}
    except (OSError, ValueError, subprocess.SubprocessError, JailError) as error:
        return {"trials": Layer(False, f"no isolation could be tried: {error}")}


def _whole(level: Level) -> str:
    """Why the level does not hold; "" if it does."""
    try:
        argv, env = jail_command(bootstrap("selftest"), JailSpec(level=level))
        done = subprocess.run(argv, capture_output=True, timeout=_TIMEOUT, stdin=subprocess.DEVNULL, env=env)
    except (OSError, subprocess.SubprocessError, JailError) as error:
        return str(error)
    said = done.stderr.decode(errors="replace").strip()
    return "" if done.returncode == 0 and not said else said or f"status {done.returncode}"
