"""The whole path on the real thing: the program, the loop, vLLM with the embedded model, a kernel, the trace."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from itertools import pairwise
from pathlib import Path

import pytest

from kernels_sandbox import KernelPool, Policy
from mathagent.events import Event, Request
from mathagent.executor import KernelExecutor
from mathagent.limits import Limits
from mathagent.loop import Rollout, Task
from mathagent.models import OpenAIServer
from mathagent.protocols.markdown import Markdown
from mathagent.serving import ServerState
from mathagent.trace import read
from mathagent.types import ChatInput, Message, Sampling, TextInput

pytestmark = pytest.mark.vllm


def test_one_command_solves_with_the_embedded_model(vllm_server: ServerState, tmp_path: Path) -> None:
    problem = "Tom has 5 apples and buys 7 more. How many apples does he have?"
    traces = tmp_path / "traces.jsonl"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mathagent",
            "solve",
            problem,
            "--json",
            "--trace",
            str(traces),
            "--answer",
            "12",
        ],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["answer"]
    assert result["grade"]["verdict"] in ("correct", "wrong")
    assert result["usage"]["executions"] >= 1
    assert "demonstration" in done.stderr
    (trace,) = read(traces)
    assert trace.reply == result["reply"]
    assert trace.model.demo
    assert trace.versions["vllm"]
    assert trace.sandbox is not None
    assert trace.sandbox.level == "namespaces"


async def test_the_prefix_cache_serves_what_was_seen(vllm_server: ServerState) -> None:
    """Each round continues the exact text: vLLM's own counters say that nearly all of it was cached."""
    question = "Count. " + "The numbers are one, two, three, four, five, six, seven. " * 12
    task = Task((Message("user", question),), prefill="```python\nprint(", sampling=Sampling(temperature=0))
    client = OpenAIServer(vllm_server.base_url, vllm_server.api_key, vllm_server.model)
    try:
        async with KernelPool(Policy(), warm=0) as pool, KernelExecutor(pool) as executor:
            limits = Limits(tokens=160, executions=3)
            rollout = Rollout(task, model=client, protocol=_OneLine(), executor=executor, limits=limits)
            before = _counters(vllm_server)
            events: list[Event] = [event async for event in rollout.events()]
            after = _counters(vllm_server)
    finally:
        await client.aclose()
    requests = [event for event in events if isinstance(event, Request)]
    assert len(requests) >= 2
    seen = sum(earlier.usage.prompt for earlier in requests[:-1])
    hits = after["hits"] - before["hits"]
    assert hits >= seen - 64 * len(
        requests
    )  # whole blocks of 32 tokens only, and one token is always computed
    assert hits <= after["queries"] - before["queries"]
    for earlier, later in pairwise(requests):
        assert later.usage.cached is not None
        assert later.usage.cached > earlier.usage.prompt - 2 * 32  # whatever share that is of a short reply


class _OneLine(Markdown):
    """Markdown that also pauses after every line, so that even the smallest model needs several requests."""

    stop = ("\n",)


def _counters(server: ServerState) -> dict[str, float]:
    with urllib.request.urlopen(server.base_url.removesuffix("/v1") + "/metrics", timeout=20) as answer:
        text = answer.read().decode()
    found = {}
    for name in ("queries", "hits"):
        values = re.findall(rf"^vllm:prefix_cache_{name}_total\{{[^}}]*\}} (\S+)$", text, re.MULTILINE)
        assert values, f"vLLM has no counter of prefix cache {name}"
        found[name] = sum(map(float, values))
    return found


@pytest.mark.parametrize("whole", [False, True])
async def test_log_probabilities_of_every_token(vllm_server: ServerState, whole: bool) -> None:
    """One for each token that vLLM counts, in chat and in completions, streamed and whole."""
    client = OpenAIServer(vllm_server.base_url, vllm_server.api_key, logprobs=True, whole=whole)
    sampling = Sampling(temperature=0.0)
    for request in (ChatInput((Message("user", "Count to five."),)), TextInput("One, two, three,")):
        chunks = [each async for each in client.stream(request, sampling, stop=["five"], max_tokens=12)]
        found, usage = chunks[-1].logprobs, chunks[-1].usage
        assert found is not None
        assert usage is not None
        assert (found.tokens, usage.exact) == (usage.completion, True)
        assert -5 * found.tokens < found.total < 0
    await client.aclose()
