"""Kill a run again and again, and see that it ends as if nothing had happened.

As a command: `python -m tests.run.crash [--problems 100] [--samples 4] [--kills 50] [--seed 0]`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mathagent.run.folder import read_rows
from mathagent.run.journal import Key, read_journal
from mathagent.run.rows import Row
from mathagent.run.seeds import seed_of
from tests.replay.server import ReplayServer
from tests.replay.state import Settings
from tests.run.world import recordings, write_problems

_ROOT = Path(__file__).parents[2]


@dataclass
class Report:
    """What the crash test saw. `faults` is empty if all is well."""

    kills: int = 0
    during: list[int] = field(default_factory=list)  # finished trajectories at each kill
    requests: int = 0
    requests_whole: int = 0
    repeated: int = 0  # requests that said a step anew which had not been completed: allowed
    faults: list[str] = field(default_factory=list)


def crash(
    folder: Path, *, problems: int, samples: int, kills: int, seed: int = 0, token_seconds: float = 0.004
) -> Report:
    """Run once undisturbed and once with kills (SIGKILL at random moments), and compare.

    Args:
        folder: for files.
        problems: how many problems.
        samples: of each.
        kills: how often to kill.
        seed: of the moments.
        token_seconds: latency of the model, which makes the run long enough to be killed.
    """
    data = write_problems(folder / "problems.jsonl", problems)
    report, dice = Report(), random.Random(seed)
    server = ReplayServer(
        recordings(problems), Settings(models=("replay",), token_seconds=token_seconds, tokens_per_chunk=4)
    )
    with server:
        command = _command(data, samples, server.base_url)
        subprocess.run([*command, "--out", str(folder / "whole")], cwd=_ROOT, env=_environment(), check=True)
        whole = read_rows(folder / "whole")
        report.requests_whole = len(server.seen)
        server.seen.clear()
        out = folder / "killed"
        total = problems * samples
        while True:
            before, completed = len(server.seen), _completed(out)
            patience = dice.uniform(0.0, 1.2) if report.kills < kills else None
            ended = _run_for([*command, "--out", str(out)], out, patience)
            _check_requests(report, server.seen[before:], completed, _seeds(problems, samples))
            if ended is not None:
                if ended != 0:
                    report.faults.append(f"the last process ended with exit code {ended}")
                break
            report.kills += 1
            report.during.append(len(read_rows(out)))
            if report.during[-1] == total and report.kills < kills:
                report.faults.append(f"all was finished after {report.kills} kills already")
                break
        report.requests = len(server.seen)
    report.faults += compare(whole, read_rows(out), total)
    return report


def compare(whole: list[Row], killed: list[Row], total: int) -> list[str]:
    """How the rows differ in what decides anything."""
    faults = []
    for name, rows in (("undisturbed", whole), ("killed", killed)):
        keys = {row.key for row in rows}
        if len(rows) != len(keys):
            faults.append(f"{name}: {len(rows) - len(keys)} rows twice")
        if len(keys) != total:
            faults.append(f"{name}: {len(keys)} of {total} trajectories")
    ours = {row.key: row for row in killed}
    for row in whole:
        other = ours.get(row.key)
        if other is None:
            continue
        for name in (
            "generation",
            "predicted_answer",
            "verdict",
            "finish_reason",
            "code_rounds_executed",
            "seed",
            "mean_logprob",
        ):
            if getattr(row, name) != getattr(other, name):
                faults.append(f"{row.key}: {name}: {getattr(row, name)!r} and {getattr(other, name)!r}")
        if row.mean_logprob is None:
            faults.append(f"{row.key}: no log-probability")
        if row.num_generated_tokens != other.num_generated_tokens:
            faults.append(f"{row.key}: {row.num_generated_tokens} and {other.num_generated_tokens} tokens")
    return faults


def _command(data: Path, samples: int, base_url: str) -> list[str]:
    python = [sys.executable, "-m", "mathagent", "run", f"{data}:{samples}", "--base-url", base_url]
    return [
        *python,
        "--temperature",
        "1",
        "-c",
        "16",
        "--logprobs",
        "--quiet",
        "--json",
        "--isolation",
        "none",
    ]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(_ROOT)}


def _run_for(command: list[str], out: Path, seconds: float | None) -> int | None:
    """Run it, and kill it so many seconds after it has begun to write; its exit code, or None if it was killed."""
    size = _size(out)
    process = subprocess.Popen(
        command, cwd=_ROOT, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        if seconds is not None:
            deadline = time.monotonic() + 60
            while _size(out) <= size and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            try:
                process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                return None
        _, complaint = process.communicate(timeout=600)
        if process.returncode:
            sys.stderr.write(complaint.decode())
        return process.returncode
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _size(out: Path) -> int:
    return sum(path.stat().st_size for path in out.glob("*s.jsonl"))


def _completed(out: Path) -> dict[Key, int]:
    """For every trajectory the length of its reply up to the last completed step; -1 for a finished one."""
    finished = {row.key for row in read_rows(out)}
    begun = read_journal(out / "steps.jsonl", finished)
    lengths = {key: sum(len(step.raw) for step in each.steps) for key, each in begun.items()}
    return lengths | dict.fromkeys(finished, -1)


def _seeds(problems: int, samples: int) -> dict[int, Key]:
    keys = [(f"p{number}", sample) for number in range(problems) for sample in range(samples)]
    return {seed_of(0, *key): key for key in keys}


def _check_requests(report: Report, seen: list[Any], completed: dict[Key, int], keys: dict[int, Key]) -> None:
    """No request may ask for what was completed when this process began."""
    asked: set[tuple[Key, int]] = set()
    for each in seen:
        key = keys[each.body["seed"]]
        last = each.body["messages"][-1]
        length = len(last["content"]) if last["role"] == "assistant" else 0
        done = completed.get(key, 0)
        if done == -1:
            report.faults.append(f"{key}: finished, and asked for again")
        elif length < done:
            report.faults.append(
                f"{key}: {done} characters were completed, and asked for from {length} again"
            )
        if (key, length) in asked:
            report.faults.append(f"{key}: asked twice from {length} in one process")
        asked.add((key, length))


def main() -> int:
    """Run it as a command; 1 if there are faults."""
    parser = argparse.ArgumentParser(prog="python -m tests.run.crash", description=__doc__)
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        report = crash(
            Path(folder),
            problems=options.problems,
            samples=options.samples,
            kills=options.kills,
            seed=options.seed,
        )
    print(f"{report.kills} kills in {time.monotonic() - begun:.0f} s; finished at each: {report.during}")
    print(f"requests: {report.requests_whole} undisturbed, {report.requests} with kills")
    print(json.dumps(report.faults[:20], indent=1) if report.faults else "no fault")
    return int(bool(report.faults))


if __name__ == "__main__":
    sys.exit(main())
