"""The file system of a jail: an empty one in memory, with the chosen host files bound into it read-only.

Two steps, because as root the first needs root's view of the host (an interpreter may lie in a folder that only
root can read) and the second must come after root was given up:
`stage` builds the tree, `enter` makes it the root.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path

from . import syscalls
from .levels import JailError
from .spec import Plan
from .syscalls import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_REC, mount

DEVICES = ("null", "zero", "full", "random", "urandom")
INNER_ID = 65534
_FILES = {
    "etc/passwd": f"kernel:x:{INNER_ID}:{INNER_ID}::/tmp:/bin/false\n",
    "etc/group": f"kernel:x:{INNER_ID}:\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_LINKS = {"dev/shm": "/tmp", "dev/fd": "/proc/self/fd", "var/tmp": "/tmp"}


def base() -> str:
    """A folder of the host to build over; what it holds is covered in the new mount namespace only."""
    for path in ("/tmp", "/run", "/mnt", "/var/tmp"):
        if Path(path).is_dir() and not Path(path).is_symlink():
            return path
    raise JailError("none of /tmp, /run, /mnt, /var/tmp is a folder: nowhere to build the jail")


def tmpfs(target: str, size: int, inodes: int, mode: str, flags: int = MS_NOSUID | MS_NODEV) -> None:
    """Mount an empty file system in memory, limited in bytes and in files."""
    mount("tmpfs", target, "tmpfs", flags, f"size={size},nr_inodes={inodes},mode={mode}")


def cover_tmp(folder: str, kept: Sequence[str], size: int, inodes: int, mode: str) -> None:
    """Put an empty, limited file system over a /tmp; the entries in `kept` stay, read-only as they are.

    They are there when the interpreter or its packages lie below /tmp, as in a checkout in a temporary folder.
    """
    opened = {name: os.open(f"{folder}/{name}", os.O_PATH | os.O_CLOEXEC) for name in kept}
    tmpfs(folder, size, inodes, mode)
    for name, fd in opened.items():
        _bind(folder, fd, f"/{name}")
        os.close(fd)


def kept_in_tmp(plan: Plan) -> list[str]:
    """The entries of /tmp that lead to what the jail shows."""
    shown = [*(bind.target for bind in plan.binds), *(path for path, _ in plan.links)]
    return sorted({path.split("/")[2] for path in shown if path.startswith("/tmp/")})


def _bind(root: str, fd: int, target: str) -> str:
    place = Path(root + target)
    place.parent.mkdir(parents=True, exist_ok=True)
    if Path(f"/proc/self/fd/{fd}").is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()
    mount(f"/proc/self/fd/{fd}", str(place), None, MS_BIND | MS_REC)
    return str(place)


def stage(plan: Plan) -> str:
    """Build the tree at `base()` in this mount namespace, which must be a new one. Returns where it is.

    Sources are opened before the base covers whatever of them lies below it.
    """
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    root = base()
    opened = {bind: os.open(bind.source, os.O_PATH | os.O_CLOEXEC) for bind in plan.binds}
    devices = {name: os.open(f"/dev/{name}", os.O_PATH | os.O_CLOEXEC) for name in DEVICES}
    tmpfs(root, 4 << 20, 8192, "0755")
    for folder in ("proc", "tmp", "dev", "etc", "var", "data"):
        Path(root, folder).mkdir(mode=0o755)
    for bind, fd in opened.items():
        place = _bind(root, fd, bind.target)
        syscalls.make_read_only(place, recursive=True)
        os.close(fd)
    for name, fd in devices.items():
        _bind(root, fd, f"/dev/{name}")
        os.close(fd)
    for path, target in (
        *((root + "/" + path, target) for path, target in _LINKS.items()),
        *_placed(plan, root),
    ):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if not Path(path).is_symlink() and not Path(path).exists():
            Path(path).symlink_to(target)
    for name, text in _FILES.items():
        if not Path(root, name).exists():
            Path(root, name).write_text(text, encoding="utf-8")
    return root


def _placed(plan: Plan, root: str) -> list[tuple[str, str]]:
    return [(root + path, target) for path, target in plan.links]


def enter(plan: Plan, root: str) -> None:
    """Make the tree at `root` the whole file system, with a /proc of this pid namespace and a private /tmp.

    Must run in the first process of a new pid namespace. Nothing of the host's tree is reachable afterwards.
    """
    # Mounts that came from a more privileged namespace are locked, and can't become the root; a bind of them can.
    mount(root, root, None, MS_BIND | MS_REC)
    mount("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for name in (kept := kept_in_tmp(plan)):
        if not Path(root, "tmp", name).is_mount():  # a folder above what is shown: make it read-only with it
            mount(f"{root}/tmp/{name}", f"{root}/tmp/{name}", None, MS_BIND | MS_REC)
            syscalls.make_read_only(f"{root}/tmp/{name}", recursive=True)
    cover_tmp(root + "/tmp", kept, plan.tmp_bytes, plan.tmp_inodes, "1777")
    os.chdir(root)
    syscalls.pivot_root(".", ".")
    syscalls.unmount(".")
    os.chdir("/")
    syscalls.make_read_only("/", recursive=False)
    socket.sethostname("kernel")
    os.chdir("/tmp")
