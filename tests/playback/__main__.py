"""`python -m tests.playback [FORMAT ...]`: play recorded runs and print how they compare with what was recorded."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Container, Sequence
from pathlib import Path

from tests.playback.comparison import Comparison
from tests.playback.formats import formats
from tests.playback.play import player
from tests.playback.records import Format
from tests.playback.table import reasons, table


def main() -> int:
    """Play, print the tables; 1 if some code was not found as recorded or not executed."""
    known = formats()
    parser = argparse.ArgumentParser(prog="python -m tests.playback", description=__doc__)
    parser.add_argument(
        "format", nargs="*", help=f"formats, or the beginnings of their names: {', '.join(known)}"
    )
    parser.add_argument("--limit", type=int, help="play only the first N of each")
    parser.add_argument("--every", type=int, default=1, help="play only every Nth of each")
    parser.add_argument("--concurrency", type=int, default=4, help="solves at a time")
    parser.add_argument("--isolation", default="namespaces", help="least level of isolation")
    parser.add_argument("--trace", type=Path, help="append every trace to this file")
    parser.add_argument(
        "--differences", action="store_true", help="list every run that is not exactly as recorded"
    )
    options = parser.parse_args()
    chosen = [
        each for name, each in known.items() if not options.format or name.startswith(tuple(options.format))
    ]
    if not chosen:
        parser.error(f"no format begins with {' or '.join(options.format)}; known: {', '.join(known)}")
    played = asyncio.run(_play(chosen, options))
    for line in (*table(played), "", *reasons(played)):
        print(line)
    everything = [each for compared in played.values() for each in compared]
    for each in everything:
        if (options.differences and each.reasons) or not (each.code and each.executed):
            print(f"{each.source}: {'; '.join(each.reasons)}")
    return int(not played or not all(each.code and each.executed for each in everything))


async def _play(chosen: Sequence[Format], options: argparse.Namespace) -> dict[str, list[Comparison]]:
    """Play the chosen formats with one pool of kernels."""
    played: dict[str, list[Comparison]] = {}
    async with player(options.isolation) as playing:
        for form in chosen:
            if not form.there:
                print(f"{form.name}: the recorded data is not there: {form.files[0]}", file=sys.stderr)
                continue
            records = form.records()[:: options.every][: options.limit]
            begun = time.monotonic()

            def progress(done: int, name: str = form.name, of: int = len(records)) -> None:
                print(f"\r{name} {done}/{of}", end="", file=sys.stderr, flush=True)

            played[form.name] = await playing.play(
                form, records, concurrency=options.concurrency, traces=options.trace, progress=progress
            )
            seconds = time.monotonic() - begun
            print(f"\r{form.name}: {len(records)} runs in {seconds:.0f} s", file=sys.stderr)
    return played


def _named(name: str, asked: Sequence[str], known: Container[str]) -> bool:
    """Whether a format is asked for, by its name or by the beginning of several names."""
    return name in asked or any(name.startswith(each) for each in asked if each not in known)


if __name__ == "__main__":
    sys.exit(main())
