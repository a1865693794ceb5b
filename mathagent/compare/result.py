"""What a comparison of two runs is as one object: what `--json` prints. How it is made: `comparison`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class Share(BaseModel):
    """A run's accuracy over the problems that are compared, percent, with its 95 % interval and its method."""

    percent: float
    ci_low: float
    ci_high: float
    method: str


class Accuracy(BaseModel):
    """One accuracy of both runs, and their difference (second - first) in points with its interval."""

    name: str
    first: Share
    second: Share
    difference: float
    ci_low: float
    ci_high: float


class Part(BaseModel):
    """Some of the problems: all, those of a level, or those of a type.

    gained: solved by the second run and not by the first; lost: the other way round. p: of McNemar's exact test on
    them. p_sign_flip: of the mean difference of pass@1; None with one sample a problem. p_holm: p corrected by Holm
    for the comparisons with the same first run, or for the levels or types of one comparison.
    """

    name: str
    problems: int
    accuracies: list[Accuracy]
    gained: int
    lost: int
    p: float
    p_holm: float
    p_sign_flip: float | None


class Flip(BaseModel):
    """A problem that one run solves and the other does not, with the answer that each gives (None without one)."""

    id: str
    second_id: str
    level: str
    type: str
    gold: str | None
    first: str | None
    second: str | None


class Work(BaseModel):
    """What a sample takes on average: both means, and how the second compares, with its interval.

    ratio: second / first for tokens and seconds; difference: second - first for rounds.
    """

    name: str
    unit: Literal["tokens", "rounds", "seconds"]
    first: float
    second: float
    ratio: float | None = None
    difference: float | None = None
    ci_low: float
    ci_high: float


class Comparison(BaseModel):
    """Everything that two runs' numbers say of each other.

    only_first, only_second, uncounted: problems that are left out. settings: what differs, `name: first -> second`.
    notes: what to know before believing the numbers, a line each. says: the result in words.
    """

    schema_version: Literal[1] = 1
    first: str
    second: str
    problems: int
    only_first: int
    only_second: int
    uncounted: int
    settings: list[str]
    overall: Part
    by_level: list[Part]
    by_type: list[Part]
    gained: list[Flip]
    lost: list[Flip]
    work: list[Work]
    notes: list[str]
    says: str = ""
