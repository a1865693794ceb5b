"""What pip's configuration says about where packages come from, for uv, which does not read it.

Needed for machines where PyTorch's own index can't be reached and a folder of wheels (`find-links`) stands in for it,
or where a mirror stands in for PyPI.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename


@dataclass(frozen=True, slots=True)
class PipSettings:
    """find_links: folders and addresses, in pip's order. index: the address that replaces PyPI, None for PyPI."""

    find_links: tuple[str, ...] = ()
    index: str | None = None


def read_pip_settings() -> PipSettings:
    """Ask pip (this Python's, else the first one found) for its settings; empty where there is no pip.

    PIP_FIND_LINKS and PIP_INDEX_URL count also without a pip.
    """
    found = _listed(_pip_config_list())
    links = os.environ.get("PIP_FIND_LINKS", found.get("find-links", ""))
    return PipSettings(
        find_links=tuple(links.split()),
        index=os.environ.get("PIP_INDEX_URL", found.get("index-url")),
    )


def wheels_in(folders: tuple[str, ...], name: str, version: str) -> list[tuple[Path, frozenset[Tag]]]:
    """The wheels of one release that lie in local folders, each with the tags of the systems it runs on."""
    found = []
    for folder in (Path(link.removeprefix("file://")) for link in folders if _is_local(link)):
        for path in sorted(folder.glob("*.whl")) if folder.is_dir() else []:
            try:
                wheel_name, wheel_version, _, tags = parse_wheel_filename(path.name)
            except InvalidWheelFilename:
                continue
            if (wheel_name, str(wheel_version)) == (name, version):
                found.append((path, tags))
    return found


def _is_local(link: str) -> bool:
    return link.startswith("file://") or "://" not in link


def _pip_config_list() -> str:
    base = getattr(
        sys, "_base_executable", sys.executable
    )  # a uv environment has no pip, its base mostly has
    commands = [[sys.executable, "-m", "pip"], [base, "-m", "pip"]]
    commands += [[path] for path in (shutil.which("pip"), shutil.which("pip3")) if path]
    for command in commands:
        done = subprocess.run([*command, "config", "list"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
    return ""


def _listed(text: str) -> dict[str, str]:
    """`pip config list` prints `global.find-links='...'`; what a section `install` says wins over `global`."""
    found: dict[str, str] = {}
    for line in sorted(text.splitlines(), key=lambda line: line.startswith("install.")):
        key, _, value = line.partition("=")
        section, _, name = key.strip().partition(".")
        if section in ("global", "install") and value:
            found[name] = str(ast.literal_eval(value.strip()))
    return found
