"""Which host files a jail shows: the interpreter, its packages and the system's libraries, nothing else.

Looks only; `mounts` shows them (or `landlock` lets them be read). A source checkout is never shown whole: only
the folders of the packages that were named.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from .levels import JailError
from .spec import DATA, Bind, JailSpec

_SYSTEM = (
    "/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo",
    "/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives",
)  # fmt: skip
_STORES = ("/nix/store", "/gnu/store")  # there every library has a folder of its own: show the store
_SHARED_PREFIXES = ("/", "/usr", "/usr/local")  # their lib folders are in _SYSTEM; the rest is not Python's


def resolve(path: str) -> tuple[str, list[tuple[str, str]]]:
    """Follow every symbolic link of an absolute path; the place where it ends and the links on the way.

    Each link is (its own path without links in the folders above, its target as written).
    Raises JailError for a loop.
    """
    parts = deque(Path(path).parts[1:])
    here, links = "/", list[tuple[str, str]]()
    while parts:
        part = parts.popleft()
        if part == "..":
            here = here.rpartition("/")[0] or "/"
            continue
        step = here.rstrip("/") + "/" + part
        try:
            target = str(Path(step).readlink())
        except OSError:
            here = step
            continue
        links.append((step, target))
        if len(links) > 40:
            raise JailError(f"too many symbolic links in {path}")
        parts.extendleft(reversed([name for name in target.split("/") if name not in ("", ".")]))
        if target.startswith("/"):
            here = "/"
    return here, links


def _interpreter(program: str) -> list[str]:
    wanted = [program, sys.executable, getattr(sys, "_base_executable", sys.executable)]
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        if prefix not in _SHARED_PREFIXES:
            wanted += [f"{prefix}/{name}" for name in ("bin", "lib", "lib64", "pyvenv.cfg")]
    real = os.path.realpath(sys.executable)
    wanted += [store for store in _STORES if real.startswith(store)]
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        maps = ""
    return wanted + sorted({line.split(None, 5)[5] for line in maps.splitlines() if "/libpython" in line})


def _site_folders() -> list[str]:
    """Folders of installed packages on sys.path, wherever they lie (a user's own site-packages)."""
    names = ("site-packages", "dist-packages")
    return [entry for entry in sys.path if Path(entry).name in names or entry.endswith(".zip")]


def _packages(names: Iterable[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        top = name.partition(".")[0]
        try:
            spec = importlib.util.find_spec(top)
        except (ImportError, ValueError):
            spec = None
        if spec is None:
            raise JailError(f"package {top!r} is not installed in this environment")
        found += list(spec.submodule_search_locations or ())
        if spec.origin and spec.has_location and not spec.submodule_search_locations:
            found.append(spec.origin)
    return found


def package_parents(names: Iterable[str]) -> tuple[str, ...]:
    """The folders in which the packages of that name lie."""
    return tuple(sorted({resolve(str(Path(path).parent.absolute()))[0] for path in _packages(names)}))


def covered(path: str, folders: Iterable[str]) -> bool:
    """Whether `path` is one of the folders or lies below one."""
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def visible(program: str, spec: JailSpec) -> tuple[tuple[Bind, ...], tuple[tuple[str, str], ...]]:
    """What to show and which symbolic links to make, so that `program` runs with the packages of this process.

    Raises JailError where something that was asked for is not there.
    """
    wanted = [*_SYSTEM, *_interpreter(program), *_site_folders(), *_packages(spec.packages)]
    for path in (*spec.read_only, *map(str, spec.data.values())):
        if not Path(path).exists():
            raise JailError(f"no such file to show in the jail: {path}")
    sources, links = set[str](), dict[str, str]()
    for path in (*wanted, *spec.read_only):
        real, on_the_way = resolve(str(Path(path).absolute()))
        if Path(real).exists():
            sources.add(real)
            links.update(on_the_way)
    kept = list[str]()
    for source in sorted(sources):
        if source == "/":
            raise JailError("the whole file system can't be shown in a jail")
        if not covered(source, kept):
            kept.append(source)
    binds = [Bind(source, source) for source in kept]
    for name, host in spec.data.items():
        if not name or name.startswith(".") or "/" in name:
            raise JailError(f"not a name for a data file: {name!r}")
        binds.append(Bind(resolve(str(Path(host).absolute()))[0], f"{DATA}{name}"))
    needed = tuple((path, target) for path, target in sorted(links.items()) if not covered(path, kept))
    return tuple(binds), needed
