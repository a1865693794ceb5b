"""What a data set is made of: problems, rows that could not be read, and both together with where they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class RowError(Exception):
    """One row can't be used as a problem; the message says what was found. It becomes a `BadRow`."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a multiple-choice problem: `A`, and the text without its label."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    r"""One problem of a data set.

    id: unique within the set; the same from run to run and from machine to machine for the same file.
    text: the problem as it is asked, the options in it, one a line as `A. text`.
    gold: the known answer; None where there is none (exams that a person marks). An option's label for multiple choice.
    also: other texts that are right as well, such as the text of the right option.
    parts: the answers of a problem that asks for several, in order (`gold` has them too); empty for one answer.
    level, kind: as the set says, `Level 3` being `3`; kind is a subject, a topic or a type.
    source: where the problem comes from, finer than the set if the row says so.
    language: `zh`, `en`, ... ; "" where it is not known.
    stem: the text without the options. options: in order; empty if there are none.
    solution: a worked solution, if the row has one; a GSM8K solution ends in its `#### 18`.
    given: what a role's prompt is given beside the text (`mathagent.roles.GIVEN`): a solution to judge, say.
    group: the id that the rotations of one problem share (see `mathagent.data.rotations`); otherwise the id.
    extra: the row as it was read, for the row that a run writes. What JSON can't hold is text in it.
    """

    id: str
    text: str
    gold: str | None = None
    also: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    level: str | None = None
    kind: str | None = None
    source: str = ""
    language: str = ""
    stem: str = ""
    options: tuple[Option, ...] = ()
    solution: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def golds(self) -> tuple[str, ...]:
        """All texts that are right, `gold` first; empty where no answer is known."""
        return () if self.gold is None else (self.gold, *self.also)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read.

    file: the path, or the hub id. row: the line of a JSON Lines file; the row of a CSV file as a spreadsheet counts,
    the header being 1; otherwise the record, from 1.
    """

    file: str
    row: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: row {self.row}: {self.reason}"


@dataclass(frozen=True, slots=True)
class DataSet:
    """Problems in the order in which they are to be solved.

    name: as asked for, without `:k`. licence: as far as known, else "". source: the files or the hub id and revision.
    samples: how many samples each problem should get. bad: the rows that are left out, in file order.
    total: problems before any selection. by_hand: the set has no key; people mark the solutions.
    """

    name: str
    licence: str
    source: str
    problems: tuple[Problem, ...]
    samples: int = 1
    bad: tuple[BadRow, ...] = ()
    total: int = 0
    by_hand: bool = False

    @property
    def unanswered(self) -> int:
        """How many problems have no known answer."""
        return sum(problem.gold is None for problem in self.problems)

    @property
    def sha256(self) -> str:
        """A fingerprint of what is asked and what is right, in order: equal for equal problems, wherever read from."""
        digest = hashlib.sha256()
        for problem in self.problems:
            for text in (problem.id, problem.text, *problem.golds, *problem.given.values()):
                digest.update(f"{len(text)}:{text};".encode())
            digest.update(b"\n")
        return digest.hexdigest()
