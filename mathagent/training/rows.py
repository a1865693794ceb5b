"""Rows: several examples in one sequence, what they begin with in common run once, then a branch for each.

Questions over the same text share its tokens, which is half of the work of training on them. A branch sees the common
beginning and itself; positions go on from the beginning in every branch, so each example is what it would be alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mathagent.training.encode import Encoded

SHARED = 30
"""Tokens that examples must have in common to stand in one row: more than the prompt alone gives all of them."""
LONGEST = 512
"""Tokens of a row of several examples at most."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: `shared` tokens, then the branches one after another.

    ids, positions, branches: of each token; branch -1 is the common beginning. learned: the tokens that are learned, as
    (index of the token that it is said after, its id, what it counts). examples: how many stand in it.
    """

    ids: tuple[int, ...]
    positions: tuple[int, ...]
    branches: tuple[int, ...]
    learned: tuple[tuple[int, int, float], ...]
    examples: int


def rows(data: Sequence[Encoded]) -> list[Row]:
    """All examples in rows, those that begin alike together: in the order of their ids, so equal data, equal rows."""
    made: list[Row] = []
    group: list[Encoded] = []
    shared = 0
    for each in sorted(data, key=lambda each: (each.ids, each.weights)):
        common = _common(group[-1].ids[:shared], each.ids[: _said_from(each)]) if group else 0
        longer = common + sum(len(one.ids) - common for one in (*group, each))
        saves = common * len(group) > shared * (len(group) - 1)  # more than the row does without it
        if group and common >= SHARED and saves and longer <= LONGEST:
            group.append(each)
            shared = common
            continue
        if group:
            made.append(_row(group, shared if len(group) > 1 else 0))
        group, shared = [each], _said_from(each)
    return [*made, _row(group, shared if len(group) > 1 else 0)] if group else []


def _said_from(each: Encoded) -> int:
    """Where the model's own words begin: each example says them itself, so that each counts whole."""
    return next((at for at, weight in enumerate(each.weights) if weight), len(each.ids) - 1)


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


def _row(group: Sequence[Encoded], shared: int) -> Row:
    """One row; a single example is a row of one branch and no common beginning."""
    ids, positions, branches = list(group[0].ids[:shared]), list(range(shared)), [-1] * shared
    learned: list[tuple[int, int, float]] = []
    for branch, each in enumerate(group):
        before = shared - 1  # a branch's first token is said after the common beginning
        for at in range(shared, len(each.ids)):
            if at and each.weights[at]:
                learned.append((before, each.ids[at], each.weights[at]))
            before = len(ids)
            ids.append(each.ids[at])
            positions.append(at)
            branches.append(branch)
    return Row(tuple(ids), tuple(positions), tuple(branches), tuple(learned), len(group))
