"""Which problem of one run is which of another: by id, and by its text where ids are not the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mathagent.run.accuracy import clusters_of
from mathagent.run.estimates import Sample, majority_at
from mathagent.run.rows import Row

Rows = list[Row]


@dataclass(frozen=True)
class Pair:
    """A problem that both runs have. first, second: its rows in each, at least one of them counted."""

    first: Rows
    second: Rows

    @property
    def id(self) -> str:
        """The problem's id in the first run."""
        return self.first[0].id

    @cached_property
    def shares(self) -> tuple[float, float]:
        """The problem's pass@1 in each run: the share of its counted samples that are correct."""
        return share(self.first), share(self.second)

    @cached_property
    def verdicts(self) -> tuple[bool, bool]:
        """Whether each run solves it."""
        return solved(self.first), solved(self.second)

    @property
    def level(self) -> str:
        """Its level, by whichever run knows it; "" where none does."""
        return self.first[0].level or self.second[0].level or ""

    @property
    def type(self) -> str:
        """Its type, in the same way."""
        return self.first[0].type or self.second[0].type or ""

    @property
    def unit(self) -> str:
        """What a bootstrap draws: rotations of one problem belong together."""
        return self.first[0].group or self.id


@dataclass(frozen=True, slots=True)
class Pairing:
    """The pairs, in the first run's order, and what is in no pair.

    only_first, only_second: problems that the other run does not have. uncounted: problems of both in which one has no
    counted sample. by_text: pairs that were found by their text. other_text: ids that stand for other texts in the
    other run, and are therefore no pair.
    """

    pairs: list[Pair]
    only_first: int
    only_second: int
    uncounted: int
    by_text: int
    other_text: int


def pair(first: Sequence[Row], second: Sequence[Row]) -> Pairing:
    """Pair the problems of two runs. A text pairs only where just one problem of each run has it."""
    one, other = _by_id(first), _by_id(second)
    same_id = {id for id in one if id in other}
    clashing = {id for id in same_id if not _may_be_one(one[id], other[id])}
    matched = {id: id for id in same_id - clashing}
    ours = _by_text({id: rows for id, rows in one.items() if id not in matched})
    theirs = _by_text({id: rows for id, rows in other.items() if id not in matched})
    by_text = {ours[text]: theirs[text] for text in ours if text in theirs}
    matched |= by_text
    found = [Pair(rows, other[matched[id]]) for id, rows in one.items() if id in matched]
    pairs = [each for each in found if _counts(each.first) and _counts(each.second)]
    return Pairing(
        pairs=pairs,
        only_first=len(one) - len(matched),
        only_second=len(other) - len(matched),
        uncounted=len(found) - len(pairs),
        by_text=len(by_text),
        other_text=len(clashing),
    )


def share(rows: Iterable[Row]) -> float:
    """The share of the counted samples that are correct: the problem's pass@1."""
    verdicts = [row.verdict == "correct" for row in rows if row.counted]
    return sum(verdicts) / len(verdicts)


def solved(rows: Iterable[Row]) -> bool:
    """Whether the answer that most of the counted samples give is correct; of one sample its verdict."""
    counted = [row for row in rows if row.counted]
    if len(counted) == 1:
        return counted[0].verdict == "correct"
    samples = [
        Sample(row.sample, row.verdict == "correct", cluster)
        for row, cluster in zip(counted, clusters_of(counted), strict=True)
    ]
    return majority_at(samples, len(samples)) == 1.0


def voted(rows: Iterable[Row]) -> str | None:
    """The answer that decides `solved`: the first of those that most samples give."""
    counted = [row for row in rows if row.counted]
    clusters = clusters_of(counted)
    votes = [cluster for cluster in clusters if cluster is not None]
    if not votes:
        return None
    winner = max(dict.fromkeys(votes), key=votes.count)
    return counted[clusters.index(winner)].predicted_answer


def units_of(pairs: Sequence[Pair]) -> list[int]:
    """What is drawn together in a bootstrap, as a number for each pair."""
    numbers = {unit: number for number, unit in enumerate(dict.fromkeys(each.unit for each in pairs))}
    return [numbers[each.unit] for each in pairs]


def normal(text: str) -> str:
    """A problem's text as it is compared: runs of white space are one space."""
    return " ".join(text.split())


def _by_id(rows: Sequence[Row]) -> dict[str, Rows]:
    grouped: dict[str, Rows] = {}
    for row in rows:
        grouped.setdefault(row.id, []).append(row)
    return {id: sorted(mine, key=lambda row: row.sample) for id, mine in grouped.items()}


def _may_be_one(one: Rows, other: Rows) -> bool:
    """Whether rows of one id can be of one problem: one of them does not say its text, or the texts are the same."""
    texts = normal(one[0].problem), normal(other[0].problem)
    return not all(texts) or texts[0] == texts[1]


def _by_text(problems: Mapping[str, Rows]) -> dict[str, str]:
    """The id of every text that just one of the problems has."""
    ids: dict[str, list[str]] = {}
    for id, rows in problems.items():
        ids.setdefault(normal(rows[0].problem), []).append(id)
    return {text: mine[0] for text, mine in ids.items() if text and len(mine) == 1}


def _counts(rows: Rows) -> bool:
    return any(row.counted for row in rows)
