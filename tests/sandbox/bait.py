"""What the attacks are after: files, sockets and a process of the host, put out for them to find."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import shutil
import socket
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from tests.sandbox.worlds import World, host_command, host_environment


class Bait:
    """Everything is readable, writable and reachable by every user of the machine; a context manager."""

    def __init__(self, who: str) -> None:
        self._who = who
        self.folder = Path(tempfile.mkdtemp(prefix="bait-"))
        self.folder.chmod(0o777)
        self.marker = f"marker-{secrets.token_hex(8)}"
        self.canary = f"CANARY-{secrets.token_hex(16)}"
        for name in ("secret", "gold"):
            (self.folder / name).write_text(f"{name} of the host\n")
            (self.folder / name).chmod(0o644)
        (self.folder / "home").mkdir(mode=0o755)
        (self.folder / "home" / "diary").touch()
        self.victim_file = self.folder / "victim"
        self._sockets: list[socket.socket] = []
        self._victim: subprocess.Popen[str] | None = None
        self._victim_facts: dict[str, int] = {}
        self._addresses = self._listen()

    def environment(self) -> dict[str, str]:
        """Of the host process."""
        return {"HOST_SECRET": self.canary}

    def facts(self, control: bool) -> dict[str, Any]:
        """What the attacks are told. Puts back what an earlier one took away."""
        self.victim_file.write_text("untouched")
        self.victim_file.chmod(0o666)
        etc = next(path for path in ("/etc/hostname", "/etc/fstab", "/etc/machine-id") if Path(path).exists())
        return {
            "control": control,
            "secret": str(self.folder / "secret"),
            "gold": str(self.folder / "gold"),
            "home": str(self.folder / "home"),
            "etc": etc,
            "folders": self.folders(),
            "marker": self.marker,
            "victim_file": str(self.victim_file),
            "canary_sha256": hashlib.sha256(self.canary.encode()).hexdigest(),
            **self._addresses,
            **self._present_victim(),
        }

    def harmed(self) -> list[str]:
        """What was written, changed or killed since `facts`; puts it in order again."""
        harm = []
        for folder in self.folders():
            with contextlib.suppress(OSError):
                (Path(folder) / self.marker).unlink()
                harm.append(f"wrote into {folder}")
        if not self.victim_file.exists() or self.victim_file.read_text() != "untouched":
            harm.append("changed a file")
        if self._victim is not None and self._victim.poll() is not None:
            harm.append("killed a process")
        return harm

    def folders(self) -> list[str]:
        """The folders that attacks try to write into."""
        return [
            *("/", "/usr", "/usr/lib", "/etc", "/var/tmp", "/dev/shm", "/tmp", "/run", "/root", "/home"),
            str(self.folder),
            sysconfig.get_path("purelib"),
            str(Path(__file__).parents[2] / "kernels_sandbox"),
        ]

    def _listen(self) -> dict[str, Any]:
        tcp = socket.create_server(("127.0.0.1", 0), backlog=64)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind("\0" + self.marker)
        path = socket.socket(socket.AF_UNIX)
        path.bind(str(self.folder / "stream"))
        datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        datagrams.bind(str(self.folder / "dgram"))
        for listener in (abstract, path):
            listener.listen(64)
        for name in ("stream", "dgram"):
            (self.folder / name).chmod(0o777)
        self._sockets = [tcp, udp, abstract, path, datagrams]
        return {
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "abstract": self.marker,
            "unix": str(self.folder / "stream"),
            "dgram": str(self.folder / "dgram"),
        }

    def _present_victim(self) -> dict[str, int]:
        if self._victim is None or self._victim.poll() is not None:
            self._victim = subprocess.Popen(
                [*host_command(World(self._who, "victim")), "CMDLINE-BAIT"],
                env=host_environment({"VICTIM_SECRET": "x"}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert self._victim.stdout is not None
            self._victim_facts = json.loads(self._victim.stdout.readline())
        return self._victim_facts

    def close(self) -> None:
        """Take everything away."""
        for listener in self._sockets:
            listener.close()
        if self._victim is not None:
            self._victim.kill()
            self._victim.wait()
        shutil.rmtree(self.folder)

    def __enter__(self) -> Bait:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
