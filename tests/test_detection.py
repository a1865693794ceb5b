"""Which prompt and protocol a model gets: by its name, by its chat template, by what was asked for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.chat_template import chat_template
from mathagent.detection import detect
from mathagent.errors import UsageError
from mathagent.fitting import fit
from mathagent.prompts import Prompt, PromptSettings, prompts
from mathagent.settings import Settings
from mathagent.types import ModelInfo


def prompt(name: str, protocol: str, *models: str, mode: str = "tir") -> Prompt:
    """A prompt of these settings."""
    settings = PromptSettings.model_validate(
        {"name": name, "description": name, "protocol": protocol, "models": models, "mode": mode}
    )
    return Prompt(settings, Path(name), "", hashlib.sha256().hexdigest(), (("user", None, "{{ problem }}"),))


KNOWN = (
    prompt("tir", "markdown", "*"),
    prompt("cot", "cot", "*", mode="cot"),
    prompt("qwen", "markdown", "*qwen2.5-math*"),
    prompt("internlm2-old", "internlm2", "*internlm2-math*"),
    prompt("internlm2", "internlm2", "*internlm2-math-plus*"),
    prompt("llama3", "llama3"),
    prompt("harmony", "harmony"),
    prompt("mathcoder", "mathcoder"),
    prompt("tools", "tools"),
    prompt("icl", "icl"),
)


@pytest.mark.parametrize(
    ("model", "template", "chosen"),
    [
        ("Qwen/Qwen2.5-Math-7B-Instruct", None, "qwen"),
        ("Qwen/Qwen2.5-Math-7B-Instruct", "tools <tool_call>", "qwen"),  # the name is the surest sign
        ("INTERNLM2-MATH-7b", None, "internlm2-old"),
        ("internlm2-math-plus-7b", None, "internlm2"),  # the longest pattern
        ("mine", None, "tir"),
        ("mine", "{{ messages }}", "tir"),
        ("mine", "", "icl"),
        ("mine", "<|im_start|>environment name=<|interpreter|>", "internlm2"),
        ("mine", "{{ '<|python_tag|>' }} tools <tool_call>", "llama3"),
        ("mine", "<|start|>assistant<|channel|>analysis {{ tools }}", "harmony"),
        ("mine", "<|text|>x<|endofblock|>", "mathcoder"),
        ("mine", "{% if tools %}<tool_call>", "tir"),
        ("mine", "<tool_call>", "tir"),
    ],
)
def test_name_then_template_then_the_default(model: str, template: str | None, chosen: str) -> None:
    detected = detect(model, template, "tir", KNOWN)
    assert detected.prompt.name == chosen
    assert detected.certain == (chosen != "tir")
    assert detected.reason


def test_without_code_a_template_says_nothing() -> None:
    assert detect("mine", "tools <tool_call>", "cot", KNOWN).prompt.name == "cot"
    with pytest.raises(UsageError, match="no prompt for mode"):
        detect("mine", None, "other", KNOWN)


def test_a_marker_of_a_protocol_without_a_prompt_is_passed_over() -> None:
    assert detect("mine", "<|python_tag|>", "tir", KNOWN[:2]).prompt.name == "tir"


@pytest.mark.parametrize(
    ("files", "template"),
    [
        ({"chat_template.jinja": "jinja", "tokenizer_config.json": '{"chat_template": "old"}'}, "jinja"),
        ({"chat_template.json": '{"chat_template": "json"}'}, "json"),
        ({"tokenizer_config.json": '{"chat_template": "one"}'}, "one"),
        (
            {
                "tokenizer_config.json": '{"chat_template": [{"name": "default", "template": "a"}, {"template": "b"}]}'
            },
            "a\nb",
        ),
        ({"tokenizer_config.json": "{}"}, ""),
        ({"tokenizer_config.json": "{broken"}, None),
        ({"tokenizer_config.json": "[1]"}, ""),
        ({"weights.bin": "x"}, None),
    ],
)
def test_the_template_of_a_model_folder(tmp_path: Path, files: dict[str, str], template: str | None) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert chat_template(str(tmp_path)) == template


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HF_HOME"])
@pytest.mark.parametrize("ref", [True, False])
def test_the_template_in_the_hubs_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, ref: bool
) -> None:
    for name in ("HF_HUB_CACHE", "HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    folder = (tmp_path if variable == "HF_HUB_CACHE" else tmp_path / "hub") / "models--org--name"
    (folder / "snapshots" / "abc").mkdir(parents=True)
    (folder / "snapshots" / "abc" / "tokenizer_config.json").write_text(
        json.dumps({"chat_template": "cached"})
    )
    if ref:
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text("abc\n")
    assert chat_template("org/name") == "cached"
    assert chat_template("org/other") is None


@given(
    st.text(max_size=300)
    | st.sampled_from(["a" * 5000, "~nobody/x", "\0", "/", "..", "a/b/c", "/proc/self/fd"])
)
def test_no_name_from_a_server_does_harm(root: str) -> None:
    assert chat_template(root) in (None, "")


def info(name: str, root: str = "") -> ModelInfo:
    """What a vLLM server says of a model."""
    return ModelInfo(name, None, "vllm", True, root)


def test_the_template_of_an_unknown_model_is_looked_up(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_text("<|im_start|>{{ x }}<|action_start|>")
    wire = fit(info("served-name", str(tmp_path)), Settings()).wire
    assert wire.name == "internlm2"


def test_what_is_asked_for_comes_first() -> None:
    plain = fit(info("unknown"), Settings())
    assert (plain.prompt.name, plain.wire.name, plain.notices) == ("tir", "markdown", ())
    other = fit(info("unknown"), Settings(prompt="tir", protocol="cot"))
    assert (other.prompt.name, other.wire.name) == ("tir", "cot")
    assert other.notices == ("the prompt tir is written for the protocol markdown, not cot",)


@pytest.mark.parametrize(
    "protocol", sorted({each.settings.protocol for each in prompts().values() if each.settings.mode == "tir"})
)
def test_a_protocol_alone_brings_a_prompt_of_its_own(protocol: str) -> None:
    chosen = fit(info("unknown"), Settings(protocol=protocol))
    assert chosen.prompt.settings.protocol == chosen.wire.name == protocol
    assert chosen.notices == ()


def test_a_chosen_protocol_is_told_with_its_reason() -> None:
    for each in prompts().values():
        for pattern in each.settings.models:
            chosen = fit(info(pattern.replace("*", "") or "x"), Settings(mode=each.settings.mode))
            plain = chosen.wire.name in ("markdown", "cot")
            assert (chosen.notices == ()) == plain
            assert plain or f"protocol {chosen.wire.name}" in chosen.notices[0]
