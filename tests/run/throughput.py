"""How near a run comes to the time that the model alone would take, and what it costs in processor time.

`python -m tests.run.throughput [--flights 8 64 256] [--token-ms 20]`: the replay server, in a process of its own,
says replies of three cells each with a set latency per token; the runner and a lock-step loop (all trajectories say a
round, then all run their cells, then the next round, as peers' batch loops do) do the same work.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mathagent.data import DataSet, load
from mathagent.executor import KernelExecutor
from mathagent.models import OpenAIServer
from mathagent.run.open import open_runner
from mathagent.run.plan import Plan
from mathagent.session import open_session
from mathagent.settings import Settings
from mathagent.types import Message, Sampling
from tests.replay.tokens import tokenize
from tests.run.world import recordings, write_problems

_ROUNDS = 4  # model rounds of one trajectory


@dataclass(frozen=True)
class Measured:
    """One measurement: wall and processor seconds of this process and its kernels, and rounds of the model."""

    seconds: float
    own: float
    kernels: float
    rounds: int

    @property
    def cpu_per_round(self) -> float:
        """Milliseconds of this process's own processor time."""
        return 1000 * self.own / self.rounds


def ideal(problems: int, flight: int, token_seconds: float) -> float:
    """Seconds that the model alone takes: the longest of `flight` lanes that are always busy."""
    tokens = [sum(len(tokenize(said)) for said in each.said) for each in recordings(problems, replies=1)]
    return max(max(tokens), sum(tokens) / flight) * token_seconds


async def batch(data: DataSet, address: str, flight: int) -> Measured:
    """The runner."""
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(data.problems, requests=flight, kernels=2 * flight)
        settings = Settings(base_url=address, isolation="none")
        async with open_runner(data, plan, settings, [], Path(folder) / "run", lambda _: None) as runner:
            begun = _now()
            await runner.run()
            return _since(begun, len(data.problems) * _ROUNDS)


async def lock_step(data: DataSet, address: str, flight: int) -> Measured:
    """The same work in rounds: every reply of a round is waited for before any of its cells run."""
    settings = Settings(base_url=address, isolation="none", warm=8)
    client = OpenAIServer(address)
    async with open_session(settings, lambda _: None) as session:
        begun = _now()
        for start in range(0, len(data.problems), flight):
            group = data.problems[start : start + flight]
            executors = [KernelExecutor(session.pool) for _ in group]
            replies = [""] * len(group)
            for _ in range(_ROUNDS):

                async def say(number: int) -> str:
                    messages = list(session.messages(group[number].text))  # noqa: B023 awaited below
                    if replies[number]:  # noqa: B023
                        messages.append(Message("assistant", replies[number]))  # noqa: B023
                    request = session.wire.request(messages, [], can_continue=True)
                    if replies[number]:  # noqa: B023
                        request = type(request)(tuple(messages), continue_final=True)
                    stop = session.wire.stop
                    chunks = client.stream(request, Sampling(), stop=stop, max_tokens=4096)
                    return "".join([chunk.text async for chunk in chunks])

                said = await asyncio.gather(*map(say, range(len(group))))
                blocks = [session.wire.parser().feed(text) for text in said]
                found = [number for number, block in enumerate(blocks) if block is not None]
                results = await asyncio.gather(
                    *(executors[number].execute(blocks[number].code, timeout=30) for number in found)
                )
                replies = [reply + text for reply, text in zip(replies, said, strict=True)]
                for number, result in zip(found, results, strict=True):
                    replies[number] += session.wire.output(blocks[number], result.stdout.strip(), left=5)
            for executor in executors:
                await executor.reset()
        measured = _since(begun, len(data.problems) * _ROUNDS)
    await client.aclose()
    return measured


def _now() -> tuple[float, float, float]:
    times = os.times()
    return time.perf_counter(), times.user + times.system, times.children_user + times.children_system


def _since(begun: tuple[float, float, float], rounds: int) -> Measured:
    return Measured(*(now - then for now, then in zip(_now(), begun, strict=True)), rounds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.run.throughput", description=__doc__)
    parser.add_argument("--flights", type=int, nargs="+", default=[8, 64, 256])
    parser.add_argument("--token-ms", type=float, default=20.0)
    parser.add_argument("--tokens-per-chunk", type=int, default=4)
    parser.add_argument("--skip-lock-step", action="store_true")
    options = parser.parse_args(arguments)
    print(
        f"latency {options.token_ms:g} ms a token, {options.tokens_per_chunk} tokens a chunk, {os.cpu_count()} cores"
    )
    print(
        "in flight  trajectories   ideal s     run s  run/ideal  own CPU ms/round  lock-step s  lock-step/run"
    )
    with tempfile.TemporaryDirectory() as folder:
        for flight in options.flights:
            problems = 4 * flight
            data = load(str(write_problems(Path(folder) / "problems.jsonl", problems)))
            best = ideal(problems, flight, options.token_ms / 1000)
            with _server(problems, options.token_ms, options.tokens_per_chunk) as address:
                run = asyncio.run(batch(data, address, flight))
                step = None if options.skip_lock_step else asyncio.run(lock_step(data, address, flight))
            print(
                f"{flight:9}  {problems:12}  {best:8.1f}  {run.seconds:8.1f}  {run.seconds / best:9.2f}"
                f"  {run.cpu_per_round:16.1f}"
                + (f"  {step.seconds:11.1f}  {step.seconds / run.seconds:13.2f}" if step else ""),
                flush=True,
            )
    return 0


class _server:
    """The replay server in a process of its own, with the recordings of `world`."""

    def __init__(self, problems: int, token_ms: float, tokens_per_chunk: int) -> None:
        code = (
            "import sys, time\n"
            "from tests.replay.server import ReplayServer\n"
            "from tests.replay.state import Settings\n"
            "from tests.run.world import recordings\n"
            f"settings = Settings(token_seconds={token_ms / 1000}, tokens_per_chunk={tokens_per_chunk})\n"
            f"with ReplayServer(recordings({problems}, replies=1), settings) as server:\n"
            "    print(server.base_url, flush=True)\n"
            "    sys.stdin.read()\n"
        )
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
        )

    def __enter__(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)


if __name__ == "__main__":
    sys.exit(main())
