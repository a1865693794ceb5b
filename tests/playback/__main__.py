"""`python -m tests.playback`: play the recorded runs and print how they compare with what was recorded."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.playback.comparison import Comparison
from tests.playback.play import play
from tests.playback.records import FILE, Record, load


def main() -> int:
    """Play, print the table; 1 if some code was not found as recorded or not executed."""
    parser = argparse.ArgumentParser(prog="python -m tests.playback", description=__doc__)
    parser.add_argument("--limit", type=int, help="play only the first N")
    parser.add_argument("--concurrency", type=int, default=4, help="solves at a time")
    parser.add_argument("--isolation", default="namespaces", help="least level of isolation")
    parser.add_argument("--trace", type=Path, help="append every trace to this file")
    parser.add_argument("--form", action="store_true", help="list records that differ in form only, too")
    options = parser.parse_args()
    if not FILE.exists():
        print(f"the recorded data is not there: {FILE}", file=sys.stderr)
        return 1
    records = load()[: options.limit]
    begun = time.monotonic()
    compared = asyncio.run(
        play(
            records,
            concurrency=options.concurrency,
            isolation=options.isolation,
            traces=options.trace,
            progress=lambda done: print(f"\r{done}/{len(records)}", end="", file=sys.stderr, flush=True),
        )
    )
    print(f"\r{len(records)} runs in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    for line in table(records, compared):
        print(line)
    for each in compared:
        if differs(each) or (options.form and each.reasons):
            print(f"record {each.line}: {'; '.join(each.reasons)}")
    return int(not all(each.code and each.executed for each in compared))


def differs(each: Comparison) -> bool:
    """Whether a run is not as recorded in more than the form of a number."""
    plain = all(reason.startswith("answer:") for reason in each.reasons)
    return not (each.code and each.executed and plain) or "different" in (each.output, each.answer)


def table(records: Sequence[Record], compared: Sequence[Comparison]) -> list[str]:
    """The counts, a line each."""

    def count(name: str, hits: Sequence[bool], of: int | None = None) -> str:
        return f"{name:58} {sum(hits):4} of {len(compared) if of is None else of}"

    return [
        count("code found exactly as recorded", [each.code for each in compared]),
        count("executed", [each.executed for each in compared]),
        count("output: the same text", [each.output == "exact" for each in compared]),
        count(
            "output: the same, or the same apart from form", [each.output != "different" for each in compared]
        ),
        count("answer: the box is the recorded pred, as text", [each.answer == "exact" for each in compared]),
        count("answer: as text, or the same number", [each.answer != "different" for each in compared]),
        count("whole reply: the same text, outputs and all", [each.whole for each in compared]),
        count("finished with an answer", [each.finish == "answer" for each in compared]),
        count("graded correct", [each.verdict == "correct" for each in compared]),
        count("recorded as right", [record.right for record in records]),
    ]


if __name__ == "__main__":
    sys.exit(main())
