"""The embedded model on the real vLLM, as the manager starts it."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from mathagent.serving import ServerState, embedded, ensure_embedded, places, running_server
from mathagent.serving.processes import family

pytestmark = pytest.mark.vllm


def ask(server: ServerState, **request: Any) -> dict[str, Any]:
    """One chat completion, greedy."""
    body = {"model": server.model, "temperature": 0, "max_tokens": 8, **request}
    answer = httpx.post(f"{server.base_url}/chat/completions", json=body, timeout=60)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


async def test_it_is_found_and_not_started_twice(vllm_server: ServerState) -> None:
    assert vllm_server.demo
    assert vllm_server.model == embedded.served_name()
    assert running_server() == vllm_server
    said: list[str] = []
    assert await ensure_embedded(said.append) == vllm_server
    assert said == []


def test_two_processes_serve(vllm_server: ServerState) -> None:
    assert vllm_server.server_pid is not None
    names = [" ".join(psutil.Process(pid).cmdline()) for pid in family(vllm_server.server_pid)]
    assert len(names) == 2, names
    assert sum("EngineCore" in name for name in names) == 1


def test_it_continues_an_assistant_message(vllm_server: ServerState) -> None:
    prefill = "```python\nprint(3*4)\n```\n```output\n12\n```\nThe answer is"
    messages = [{"role": "user", "content": "What is 3*4?"}, {"role": "assistant", "content": prefill}]
    answer = ask(vllm_server, messages=messages, continue_final_message=True, add_generation_prompt=False)
    assert answer["choices"][0]["message"]["content"].strip(" .") in ("12", r"\boxed{12}")


def test_many_requests_with_seeds_at_once(vllm_server: ServerState) -> None:
    """Together their prompts are more than one step takes: a prompt in pieces, with a seed, would end the engine."""

    def one(number: int) -> int:
        text = " ".join(f"{number} and {other} are {number + other}." for other in range(12))
        messages = [{"role": "user", "content": text}]
        answer = ask(vllm_server, messages=messages, seed=number, temperature=0.7)
        used: int = answer["usage"]["prompt_tokens"]
        return used

    with ThreadPoolExecutor(40) as threads:
        assert sum(threads.map(one, range(100, 140))) > 4096


def test_what_was_seen_comes_from_the_prefix_cache(vllm_server: ServerState) -> None:
    text = " ".join(f"{number} times {number} is {number * number}." for number in range(40))
    messages = [{"role": "user", "content": text}]
    first = ask(vllm_server, messages=messages)["usage"]
    again = ask(vllm_server, messages=messages)["usage"]
    assert first["prompt_tokens_details"]["cached_tokens"] < 64
    cached = again["prompt_tokens_details"]["cached_tokens"]
    assert again["prompt_tokens"] - 32 <= cached <= again["prompt_tokens"]
    assert cached % 32 == 0


def test_status_and_logs_on_the_command_line(vllm_server: ServerState) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("mathagent")), "serve", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    said = run("status", "--json")
    assert said.returncode == 0
    assert json.loads(said.stdout)["base_url"] == vllm_server.base_url
    assert "ready" in run("status").stdout
    again = run()
    assert again.returncode == 0, again.stderr
    assert again.stdout == f"{vllm_server.model} at {vllm_server.base_url}\n"
    other = run("some/model")
    assert other.returncode == 3
    assert other.stdout == ""
    assert "running already" in other.stderr
    assert "vllm" in run("logs", "-n", "100").stdout


@pytest.mark.usefixtures("vllm_server")
def test_an_adapter_is_merged_and_what_is_not_lora_is_refused(tmp_path: Path) -> None:
    code = f"""
import json, pathlib, sys
sys.path.insert(0, {str(embedded._SCRIPTS)!r})
import torch
from safetensors.torch import save_file
from convert import merge_adapter
folder = pathlib.Path({str(tmp_path)!r})
name = "model.layers.0.self_attn.q_proj"
down, up = torch.randn(2, 6), torch.randn(4, 2)
parts = {{f"base_model.model.{{name}}.lora_A.weight": down, f"base_model.model.{{name}}.lora_B.weight": up}}
save_file(parts, folder / "adapter_model.safetensors")
config = {{"peft_type": "LORA", "r": 2, "lora_alpha": 8}}
(folder / "adapter_config.json").write_text(json.dumps(config))
before = torch.randn(4, 6)
weights = {{name + ".weight": before.clone(), "other": torch.ones(1)}}
assert merge_adapter(weights, folder) == 1
torch.testing.assert_close(weights[name + ".weight"], before + 4 * up @ down)
assert weights["other"].item() == 1
for changes, extra in (({{"use_dora": True}}, {{}}), ({{}}, {{"base_model.model.lm_head.weight": torch.ones(1)}})):
    (folder / "adapter_config.json").write_text(json.dumps(config | changes))
    save_file(parts | extra, folder / "adapter_model.safetensors")
    try:
        merge_adapter(dict(weights), folder)
    except SystemExit as refused:
        print("refused:", refused)
"""
    done = subprocess.run([str(places.cpu_python()), "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("refused:") == 2, done.stdout
