"""Folders of Jupyter sockets: one that a killed process leaves behind is removed by the next, a living one's never."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from kernels_sandbox.channels import make_folder, remove_folder

_MAKER = "from kernels_sandbox.channels import make_folder as f; import time; print(f(), flush=True); time.sleep(60)"


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def test_a_killed_process_leaves_its_folder_to_the_next() -> None:
    maker = subprocess.Popen([sys.executable, "-c", _MAKER], stdout=subprocess.PIPE, text=True)
    try:
        assert maker.stdout is not None
        theirs = Path(maker.stdout.readline().strip())
        (theirs / "socket").touch()
        ours = make_folder()
        assert theirs.is_dir(), "its process lives"
    finally:
        maker.kill()
        maker.wait()
    another = make_folder()
    assert not theirs.exists()
    assert ours.is_dir()
    for folder in (ours, another):
        remove_folder(folder)
        assert not folder.exists()


def test_a_folder_that_was_never_locked_is_removed_once_it_is_old(tmp_path: Path) -> None:
    young, old = (Path(tempfile.mkdtemp(prefix="kernels-sandbox-jupyter-")) for _ in range(2))
    os.utime(old, (1, 1))
    stranger = tmp_path / "another-folder"
    stranger.mkdir()
    remove_folder(make_folder())
    assert young.is_dir()
    assert not old.exists()
    assert stranger.is_dir()
