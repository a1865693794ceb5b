"""ToRA-34B's recorded run on GSM8K, played through the whole batch path: every verdict against the recorded answer's.

As a command, where the recorded data lies beside the checkout: `python -m tests.run.recorded [--limit N]`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from mathagent.run.folder import read_rows
from tests.playback.formats import formats
from tests.replay.fixtures import DATA
from tests.replay.server import ReplayServer
from tests.replay.state import Settings

FORMATS = formats()
_ROOT = Path(__file__).parents[2]


@dataclass
class Reproduced:
    """Problems played; how many are correct by the recorded answers, and by ours; a line for each that differs."""

    problems: int = 0
    recorded: int = 0
    correct: int = 0
    differing: list[str] = field(default_factory=list)


def reproduce(folder: Path, limit: int | None = None) -> Reproduced:
    """Run the command on GSM8K against a server that says what ToRA said; the first `limit` problems, or all."""
    form = FORMATS["tora"]
    records = form.records()
    right = {each.recording.problem.strip(): bool(each.right) for each in records}
    settings = Settings(models=(form.model,), tokens_per_chunk=16)
    with ReplayServer((each.recording for each in records), settings) as server:
        command = [sys.executable, "-m", "mathagent", "run", "gsm8k", "--data-dir", str(DATA), "--quiet"]
        command += ["--base-url", server.base_url, "--out", str(folder / "run"), "--isolation", "none"]
        command += ["--protocol", form.protocol, *([] if limit is None else ["--limit", str(limit)])]
        subprocess.run(command, cwd=_ROOT, check=True, stdout=subprocess.DEVNULL)
    found = Reproduced()
    for row in sorted(read_rows(folder / "run"), key=lambda row: int(row.id)):
        ours, theirs = row.verdict == "correct", right[row.problem.strip()]
        found.problems += 1
        found.recorded += theirs
        found.correct += ours
        if ours != theirs:
            found.differing.append(
                f"{row.id}: {row.predicted_answer!r} for {row.expected_answer!r}: "
                f"{row.verdict} ({row.finish_reason}; {row.grade_detail}), recorded {theirs}"
            )
    return found


def main() -> int:
    """Print what came out; 1 if a verdict differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.run.recorded", description=__doc__)
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recorded-") as folder:
        found = reproduce(Path(folder), options.limit)
    print(f"{found.correct} of {found.problems} correct; {found.recorded} recorded so")
    print("\n".join(found.differing) or "no verdict differs")
    return int(bool(found.differing))


if __name__ == "__main__":
    sys.exit(main())
