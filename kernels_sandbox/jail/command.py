"""From an argument list to the same in a jail: what the host side does before it starts the process."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .levels import JailError, Level
from .spec import JailSpec, Plan
from .visible import package_parents, visible

# Loads this package by its folder, under a name of its own: neither the environment's packages nor
# kernels_sandbox itself are imported in a process that only prepares a jail.
_BOOTSTRAP = (
    "import importlib.util as u,sys;d=sys.argv[1];"
    "s=u.spec_from_file_location('jail',d+'/__init__.py',submodule_search_locations=[d]);"
    "m=u.module_from_spec(s);sys.modules['jail']=m;s.loader.exec_module(m);"
    "import importlib;importlib.import_module('jail.'+sys.argv[2]).main(sys.argv[3:])"
)

_DEFAULT = JailSpec()


def bootstrap(module: str) -> list[str]:
    """An argument list that runs `main` of a module of this package in a bare interpreter."""
    if not sys.executable:
        raise JailError("this interpreter does not know its own path (sys.executable is empty)")
    return [sys.executable, "-I", "-S", "-c", _BOOTSTRAP, str(Path(__file__).parent), module]


def start_time(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 where the system does not say."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[19])


def environment(env: Mapping[str, str], allowed: Sequence[str]) -> dict[str, str]:
    """The environment inside: fixed values, and of `env` only what is allowed."""
    fixed = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8"}
    return fixed | {name: value for name, value in env.items() if name in allowed}


def jail_command(
    argv: Sequence[str], spec: JailSpec = _DEFAULT, env: Mapping[str, str] | None = None
) -> tuple[list[str], dict[str, str]]:
    """The argument list and the environment that run `argv` in the outer jail.

    Start the result with any process API, passing `spec.fds` (`pass_fds`) and exactly the environment returned.
    The process started is a monitor: it ends with the status of `argv` (128 + n for a signal; 97 where the jail
    could not be built, with one line on standard error), and the jail ends with it, or with this process, in
    whatever way either of them ends. SIGTERM ends it in good order.

    Args:
        argv: the program (an absolute path, or found on PATH) and its arguments. At `namespaces` it has
            CAP_SYS_ADMIN in its own user namespace, to make namespaces for its children: no untrusted code there.
        spec: see JailSpec.
        env: variables for inside; only those in `spec.env_allowed` get in, so os.environ may be given.

    Raises JailError where something to show is missing or no level is known for this machine.
    """
    level: Level
    if spec.level is None:
        from .probe import probe  # imports this module

        level = probe().level
    else:
        level = spec.level
    env2 = environment(env or {}, spec.env_allowed)
    if level == "none":
        return list(argv), env2
    program = shutil.which(argv[0])
    if program is None:
        raise JailError(f"no such program: {argv[0]}")
    binds, links = visible(program, spec)
    plan = Plan(
        level=level,
        parent=os.getpid(),
        parent_start=start_time(os.getpid()),
        uid=spec.uid,
        binds=binds,
        links=links,
        listable=package_parents(spec.packages),
        tmp_bytes=spec.tmp_bytes,
        tmp_inodes=spec.tmp_inodes,
        fds=spec.fds,
        env_allowed=spec.env_allowed,
    )
    return [*bootstrap("launch"), plan.to_json(), "--", program, *argv[1:]], env2
