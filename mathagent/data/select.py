"""Which problems of a set are solved, and in what order: by id, shuffled, the first so many."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from mathagent.data.problem import Problem
from mathagent.errors import UsageError

_SPEC = re.compile(r"(?P<name>.+?):(?P<samples>\d+)")


def read_spec(spec: str) -> tuple[str, int]:
    """`name:k` as the name and k samples a problem; k is 1 where it is not said. Raises UsageError for k = 0."""
    match = _SPEC.fullmatch(spec.strip())
    name, samples = (match["name"], int(match["samples"])) if match else (spec.strip(), 1)
    if not name or samples < 1:
        raise UsageError(f"{spec!r}: NAME or NAME:K is needed, K at least 1")
    return name, samples


def read_ids(text: str) -> tuple[str, ...]:
    """Ids as a person writes them: `7,12`, or `@FILE` with one a line. Raises UsageError if there are none."""
    if text.startswith("@"):
        try:
            lines = Path(text[1:]).expanduser().read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--ids: can't read {text[1:]}: {error}") from None
    else:
        lines = text.split(",")
    ids = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not ids:
        raise UsageError("--ids: no id is given")
    return ids


def shuffled(problems: Iterable[Problem], seed: int) -> list[Problem]:
    """The problems in an order that depends on the seed and on each id alone.

    They are sorted by the SHA-256 of `SEED:ID` in UTF-8. So the order is the same with every Python, and a problem
    that is added or left out moves no other one.
    """
    return sorted(problems, key=lambda problem: hashlib.sha256(f"{seed}:{problem.id}".encode()).digest())


def select(
    problems: Sequence[Problem], *, ids: Sequence[str] = (), seed: int | None = None, limit: int | None = None
) -> list[Problem]:
    """The problems that are asked for: those with the ids, in the order of the ids; then shuffled; then the first ones.

    Args:
        problems: of the whole set; their ids differ.
        ids: all problems if empty. An id that is not there is a UsageError.
        seed: for `shuffled`; None keeps the order.
        limit: at most so many; None for all.
    """
    chosen = list(problems)
    if ids:
        by_id = {problem.id: problem for problem in problems}
        if unknown := [each for each in ids if each not in by_id]:
            first = next(iter(by_id), None)
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            raise UsageError(
                f"no problem has the id {unknown[0]!r}{more}",
                f"the first one's is {first!r}" if first else "",
            )
        chosen = [by_id[each] for each in dict.fromkeys(ids)]
    if seed is not None:
        chosen = shuffled(chosen, seed)
    if limit is not None:
        if limit < 1:
            raise UsageError(f"limit {limit}: at least 1 is needed")
        chosen = chosen[:limit]
    return chosen
