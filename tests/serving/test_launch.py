"""The command for a model, and what is refused."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mathagent.errors import ServerError, UsageError
from mathagent.serving import launch, recommended_models, start
from mathagent.serving.embedded import (
    ADAPTER,
    BASE_NAME,
    TUNED_NAME,
    cpu_variables,
    model_folder,
    prepare_model,
    served_name,
)
from mathagent.serving.launch import Launch, launch_of, named_launch, resolved
from mathagent.serving.startup import LogReader, start_failure


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home without the CPU environment."""
    monkeypatch.setenv("MATHAGENT_HOME", str(tmp_path / "home"))


@pytest.mark.usefixtures("nothing_installed")
async def test_without_a_vllm_the_error_says_what_to_run(own_state: Path) -> None:
    with pytest.raises(ServerError) as caught:
        named_launch("some/model", [], port=None)
    assert "mathagent setup" in caught.value.hint
    with pytest.raises(ServerError) as caught:
        await start("", lambda line: None)
    assert caught.value.hint == "run: mathagent setup"
    with pytest.raises(ServerError):
        prepare_model(lambda line: None)


@pytest.mark.parametrize("flags", [["--port", "1"], ["--port=1"], ["--model", "x"], ["x"]])
def test_flags_that_cannot_be_passed_through(flags: list[str]) -> None:
    with pytest.raises(UsageError):
        named_launch("some/model", flags, port=None)


def test_a_taken_port_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port}"):
            named_launch("some/model", [], port=port)


def test_base_url_is_one_that_can_be_asked() -> None:
    assert Launch((), {}, "m", 80, host="0.0.0.0").base_url == "http://127.0.0.1:80/v1"
    assert Launch((), {}, "m", 80).base_url == "http://127.0.0.1:80/v1"


def test_secrets_are_not_shown() -> None:
    assert "sesame" not in repr(Launch((), {"KEY": "sesame"}, "m", 80, api_key="sesame"))


def test_a_path_is_made_absolute_and_a_name_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    assert resolved("model") == str((tmp_path / "model").resolve())
    assert resolved("owner/model") == "owner/model"
    assert resolved("") == ""
    with pytest.raises(UsageError, match="no model at"):
        resolved("./other")


def test_what_the_user_has_set_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    variables = cpu_variables()
    assert variables["OMP_NUM_THREADS"] == "1"
    assert variables["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"
    assert "PYTHONPATH" not in variables
    assert "HF_HUB_OFFLINE" not in cpu_variables(offline=False)


def an_adapter(folder: Path, weights: bytes = b"") -> Path:
    """A folder that has the files of an adapter."""
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapter_model.safetensors").write_bytes(weights)
    return folder


def test_the_converted_model_depends_on_the_adapter(tmp_path: Path) -> None:
    one, other = an_adapter(tmp_path / "one"), an_adapter(tmp_path / "other", b"other")
    assert len({model_folder(None), model_folder(one), model_folder(other)}) == 3
    assert model_folder(tmp_path / "nothing") == model_folder(None)


def test_an_adapter_and_the_base_are_served_by_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[Path | None] = []

    def prepare(progress: object, *, adapter: Path | None) -> Path:
        prepared.append(adapter)
        return tmp_path / "weights"

    monkeypatch.setattr(launch, "prepare_model", prepare)
    adapter = an_adapter(tmp_path / "adapter")
    assert launch_of(str(adapter), [], None, print).model == TUNED_NAME
    base = launch_of(BASE_NAME, [], None, print)
    assert (base.model, base.demo) == (BASE_NAME, True)
    assert BASE_NAME in base.commands[0]
    assert launch_of("", [], None, print).model == served_name()
    assert prepared == [adapter, None, ADAPTER]


def test_phases_and_the_telling_line_of_a_log(tmp_path: Path) -> None:
    said: list[str] = []
    log = tmp_path / "log"
    log.write_text(
        "mathagent 10:00:00 starting python -m vllm\n(APIServer) INFO non-default args: {}\nINFO init eng"
    )
    reader = LogReader(log, said.append)
    reader.look()
    reader.look()
    assert said == ["importing vLLM", "reading the model's configuration"]
    with log.open("a") as file:
        file.write("ine took 3 s\n(EngineCore pid=3) ERROR [core.py:1] OSError: weights are missing\n")
        file.write("(APIServer) RuntimeError: Engine core initialization failed. See root cause above.\n")
        file.write("mathagent 10:00:10 that start failed (exit status 1)\n")
    reader.look()
    assert said[-1] == "opening the port"
    failure = start_failure(log)
    assert "OSError: weights are missing" in failure.message
    assert str(log) in failure.hint


def test_recommended_models_are_complete() -> None:
    models = recommended_models()
    assert len({model.model for model in models}) == len(models) >= 3
    for model in models:
        assert f"mathagent serve {model.model}" in model.command
        assert model.source.endswith(model.model)
        assert model.licence
    assert models[0].memory_gb == min(model.memory_gb for model in models)
