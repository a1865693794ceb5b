"""The share of cached prompt tokens in every round of a five-round problem, on a real vLLM server.

`python -m tests.vllm.prefix_cache [PROTOCOL ...]` prints the table, with the running server or the embedded model. The
loop, the protocol, the kernels and the server are real; so that a small model writes five rounds at all, vLLM's
structured outputs make it choose the words of a script.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from kernels_sandbox import KernelPool, Policy
from mathagent.events import Execution, Request
from mathagent.executor import KernelExecutor
from mathagent.fitting import fit
from mathagent.limits import Limits
from mathagent.loop import Rollout
from mathagent.models import OpenAIServer
from mathagent.protocols import WireProtocol, protocol
from mathagent.serving import ServerState, ensure_embedded, running_server
from mathagent.settings import Settings
from mathagent.types import Chunk, ModelInfo, ModelInput, Sampling

PROBLEM = (
    "A gardener waters every bed of a long garden with as many litres as its number, out of a tank that holds exactly "
    "1000 litres and that she fills up to the brim whenever it is empty. How many litres does she take out of the last "
    "filling? These are the numbers of the beds, in the order in which they lie: "
    + ", ".join(map(str, range(1, 100)))
)
PROTOCOLS = ("markdown", "internlm2")
"""One that continues a chat message, one that renders its prompt itself."""

_STEPS = (  # short, because a CPU takes its time for each token
    ("All litres.", "t = sum(range(100))\nprint(t)"),
    ("Full tanks.", "n = t // 1000\nprint(n)"),
    ("The rest.", "print(t % 1000)"),
    ("A check.", "print(99 * 100 / 2 == t)"),
    ("Another.", "print(t - 1000 * n)"),
)
_END = "She takes $\\boxed{950}$ litres."


@dataclass(frozen=True)
class Round:
    """One request: its prompt in tokens, how many of them the server had seen before, and had in its cache."""

    prompt: int
    seen: int
    cached: int

    @property
    def share(self) -> float:
        """The part of the prompt that came from the cache."""
        return self.cached / self.prompt


def script(wire: WireProtocol) -> list[str]:
    """What the model is to say, round by round, in the form of the protocol's own example."""
    return [f"{words}\n{wire.example.replace('print(6 * 7)', code)}" for words, code in _STEPS] + [_END]


async def measure(server: ServerState, name: str) -> list[Round]:
    """Solve the problem in this protocol, and read the server's counts of every request. Raises if a round is lost."""
    wire = protocol(name)
    client = _Reciting(OpenAIServer(server.base_url, server.api_key, server.model), script(wire))
    info = replace(
        await client.describe(), id="any model", root=""
    )  # the small model's own prompt begins the reply
    chosen = fit(info, Settings(protocol=name))
    requests, outputs = [], 0
    try:
        async with KernelPool(Policy(min_level="none"), warm=0) as pool, KernelExecutor(pool) as executor:
            rollout = Rollout(
                chosen.prompt.task(chosen.prompt.messages(PROBLEM), Sampling(temperature=0)),
                model=client,
                protocol=chosen.wire,
                executor=executor,
                limits=Limits(tokens=4000, executions=len(_STEPS) + 1),
            )
            async for event in rollout.events():
                outputs += isinstance(event, Execution) and event.result.status == "ok"
                if isinstance(event, Request):
                    requests.append(event)
    finally:
        await client.aclose()
    if outputs != len(_STEPS):
        raise AssertionError(f"{outputs} rounds instead of {len(_STEPS)}:\n{rollout.reply}")
    seen = [0, *(request.usage.prompt + request.usage.completion for request in requests)]
    return [
        Round(request.usage.prompt, before, request.usage.cached or 0)
        for request, before in zip(requests, seen, strict=False)
    ]


class _Reciting:
    """The real model, made to choose the next text of a script."""

    def __init__(self, model: OpenAIServer, texts: Sequence[str]) -> None:
        self._model = model
        self._texts = list(texts)

    async def describe(self) -> ModelInfo:
        return await self._model.describe()

    async def stream(
        self, request: ModelInput, sampling: Sampling, *, stop: Sequence[str], max_tokens: int
    ) -> AsyncGenerator[Chunk, None]:
        forced = replace(sampling, extra={"structured_outputs": {"choice": [self._texts.pop(0)]}})
        async with aclosing(self._model.stream(request, forced, stop=stop, max_tokens=max_tokens)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def aclose(self) -> None:
        await self._model.aclose()


def table(measured: dict[str, list[Round]]) -> list[str]:
    """The lines of the table: a row for each request of each protocol."""
    lines = ["protocol   request  prompt  seen  cached  cached share of the prompt"]
    return lines + [
        f"{name:<10} {number:7} {each.prompt:7} {each.seen:5} {each.cached:7} {each.share:27.1%}"
        for name, rounds in measured.items()
        for number, each in enumerate(rounds, 1)
    ]


async def _all(names: Sequence[str]) -> dict[str, list[Round]]:
    server = running_server() or await ensure_embedded(lambda line: print(line, file=sys.stderr))
    return {name: await measure(server, name) for name in names}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.vllm.prefix_cache", description=__doc__)
    parser.add_argument("protocol", nargs="*", default=list(PROTOCOLS))
    for line in table(asyncio.run(_all(parser.parse_args().protocol))):
        print(line)


if __name__ == "__main__":
    main()
