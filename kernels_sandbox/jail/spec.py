"""What a jail is made of, as plain values that travel from the host into the launcher as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .levels import Level

MB = 1 << 20
DATA = "/data/"  # the folder of data files inside

# Variables that may enter the jail. None of them can hold a secret or name a file of the host.
ENV_ALLOWED = (
    "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_NUMERIC", "TZ", "TERM", "COLUMNS", "LINES",
    "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONFAULTHANDLER", "PYTHONMALLOC",
    "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONWARNINGS", "MALLOC_ARENA_MAX", "MPLBACKEND",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class JailSpec:
    """The outer jail, in which the process that forks kernels lives.

    level: the level to build, exactly; None takes the one that `probe` found. The launch fails if it can't be built.
    packages: import names whose folders are shown even where they lie in a source checkout (of which nothing
        else is shown). What lies in the environment's site-packages is shown anyway.
    read_only: further host files and folders to show at the same place.
    data: read-only files or folders, shown as data/<name> in the folder that a kernel starts in, and as /data/<name>
        where the jail has a file system of its own.
    tmp_bytes, tmp_inodes: size of the private /tmp (`namespaces` only).
    fds: descriptors to keep open, besides 0, 1 and 2.
    env_allowed: names of variables that may enter.
    uid: as root, the host uid (and gid) to become; None takes one that no account has, from the launcher's
        process id. An ordinary user stays that user on the host. Inside, at `namespaces`, it is always 65534.
    """

    level: Level | None = None
    packages: tuple[str, ...] = ("kernels_sandbox",)
    read_only: tuple[str, ...] = ()
    data: Mapping[str, Path] = field(default_factory=dict)
    tmp_bytes: int = 64 * MB
    tmp_inodes: int = 4096
    fds: tuple[int, ...] = ()
    env_allowed: tuple[str, ...] = ENV_ALLOWED
    uid: int | None = None


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What one kernel may use. Bytes, seconds and counts; None means no limit.

    level: the level to confine to; None takes that of the jail around (`inside().level`).
    memory_bytes: address space. With shared libraries and thread stacks, so give it some 500 MB above real use.
    data_bytes: private writable memory; None takes `memory_bytes`.
    cpu_seconds: processor time of the whole life; then SIGKILL.
    file_bytes: size of one file. open_files: descriptors.
    tasks: threads (with subprocesses: processes too) of this kernel; counted per kernel at `namespaces`, else
        over all processes of the uid, and there only set where that uid belongs to this jail alone.
    tmp_bytes, tmp_inodes: size of the private /tmp (`namespaces`; below it no limit but the disk's).
    own_network: a network namespace for each kernel rather than the jail's, which is as empty. Without sockets,
        which are refused anyway, it is a second lock on the same door and costs 0.8 ms and some memory.
    hide: folders to cover with an empty read-only one (`namespaces`).
    subprocesses: allow fork and exec. Memory then is limited per process only: use a cgroup.
    keep_fds: close every other descriptor from 3 on; None closes nothing.
    """

    level: Level | None = None
    memory_bytes: int | None = 2048 * MB
    data_bytes: int | None = None
    cpu_seconds: int | None = None
    file_bytes: int | None = 64 * MB
    open_files: int = 256
    tasks: int = 64
    tmp_bytes: int = 64 * MB
    tmp_inodes: int = 4096
    own_network: bool = True
    hide: tuple[str, ...] = ()
    subprocesses: bool = False
    keep_fds: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Bind:
    """A host file or folder shown read-only: `source` (no symbolic links in it) at `target`."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the launcher needs, made by `jail_command`.

    parent, parent_start: process whose end ends the jail, with its start time (clock ticks) against reuse of ids.
    links: symbolic links to make, (path, target).
    listable: folders on sys.path of which only some packages are shown. At `landlock` the process that forks kernels
        may see the names of files below them, or it could not import; the kernels may not.
    """

    level: Level
    parent: int
    parent_start: int
    uid: int | None
    binds: tuple[Bind, ...]
    links: tuple[tuple[str, str], ...]
    listable: tuple[str, ...]
    tmp_bytes: int
    tmp_inodes: int
    fds: tuple[int, ...]
    env_allowed: tuple[str, ...]

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> Plan:
        """The reverse of `to_json`."""
        raw = json.loads(text)
        raw["binds"] = tuple(Bind(**bind) for bind in raw["binds"])
        raw["links"] = tuple((path, target) for path, target in raw["links"])
        raw["listable"] = tuple(raw["listable"])
        raw["fds"], raw["env_allowed"] = tuple(raw["fds"]), tuple(raw["env_allowed"])
        return Plan(**raw)
