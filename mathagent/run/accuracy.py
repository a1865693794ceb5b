"""The accuracies of a set of rows: pass@k, maj@k, rm_best@k and the rest, each with its denominator and interval.

A problem enters with one value from 0 to 1 and all problems weigh the same. With fewer counted samples than k (some
failed) a problem is left out of pass@k, and votes with those that it has in maj@k and rm_*@k. Where early stopping left
a problem with fewer, pass@k is not given at all: the problems that have k samples are the hard ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean

from mathagent.run.estimates import Sample, best_at, interval, majority_at, pass_at
from mathagent.run.rows import Row
from mathagent.run.summary import Metric

Scorer = Callable[[Row], float | None]
Estimate = Callable[[Sequence[Sample], int], float]


def accuracies(rows: Sequence[Row], k: int, early: frozenset[str], seed: int) -> list[Metric]:
    """All accuracies that the rows allow; none without a counted sample.

    Args:
        rows: all samples of some problems.
        k: samples asked for of each.
        early: ids of the problems that were stopped early.
        seed: of the bootstrap.
    """
    table = Table(rows, early, seed)
    if not table.problems:
        return []
    found = [table.passed(1, "pass@1" if k == 1 else f"pass@1[avg-of-{k}]")]
    found += table.circular(k)
    sizes = powers_up_to(k)[1:]
    for size in sizes:
        if size == k or table.has(size):
            found.append(table.voted(f"maj@{size}", size, k, majority_at, table.samples()))
    if k > 1:
        found += _scored(table, sizes, k, lambda row: row.likelihood, {"maj@{}[logprob]": weighted_at})
    found += [table.passed(size, f"pass@{size}") for size in sizes if table.has(size)]
    if k > 1:
        by_reward = {"rm_best@{}": best_at, "rm_majority@{}": weighted_at}
        found += _scored(table, sizes, k, lambda row: row.reward_model_score, by_reward)
    return found


def powers_up_to(n: int) -> list[int]:
    """1, 2, 4, ... up to n, and n itself."""
    return sorted({1 << power for power in range(n.bit_length())} | {n})


def busy_seconds(rows: Iterable[Row]) -> float:
    """How long at least one of the samples ran; of rows that do not say when, the sum of what they took."""
    total, end = 0.0, -inf
    spans = [(row.generation_start_time, row.generation_end_time, row.generation_time) for row in rows]
    total += sum(seconds for start, stop, seconds in spans if start is None or stop is None)
    for start, stop in sorted(
        (start, stop) for start, stop, _ in spans if start is not None and stop is not None
    ):
        total += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return total


def _scored(
    table: Table, sizes: Sequence[int], k: int, score: Scorer, estimates: Mapping[str, Estimate]
) -> list[Metric]:
    """Metrics that choose by a score, by name; none where no row has one."""
    samples = table.samples(score)
    return [
        table.voted(name.format(size), size, k, estimate, samples)
        for name, estimate in estimates.items()
        for size in sizes
        if samples and (size == k or table.has(size))
    ]


def weighted_at(samples: Sequence[Sample], k: int) -> float:
    """The chance that the answer with the highest sum of scores among k of the samples is correct."""
    return majority_at(samples, k, weighted=True)


@dataclass(frozen=True, slots=True)
class _Value:
    """A problem's value, its share without an answer, and what it is drawn with."""

    value: float
    none: float
    unit: str


class Table:
    """Rows by problem, and what all metrics of one set of rows share.

    Args:
        rows: all samples of some problems; only counted ones are kept.
        early: ids of the problems that were stopped early.
        seed: of the bootstrap.

    Attributes: problems, the counted rows of each.
    """

    def __init__(self, rows: Sequence[Row], early: frozenset[str], seed: int) -> None:
        self.problems: dict[str, list[Row]] = {}
        for row in rows:
            if row.counted:
                self.problems.setdefault(row.id, []).append(row)
        self._answered = {
            id: sum(row.predicted_answer is not None for row in problem)
            for id, problem in self.problems.items()
        }
        self._correct = {
            id: sum(row.verdict == "correct" for row in problem) for id, problem in self.problems.items()
        }
        self._early, self._seed = early, seed
        counted = [row for problem in self.problems.values() for row in problem]
        self._tokens = sum(row.num_generated_tokens for row in counted) / max(1, len(counted))
        self._seconds = busy_seconds(rows)

    def has(self, k: int) -> bool:
        """Whether pass@k can be given: some problem has k samples, and none has fewer because it was stopped early."""
        return any(len(rows) >= k for rows in self.problems.values()) and not any(
            len(rows) < k and id in self._early for id, rows in self.problems.items()
        )

    def samples(self, score: Scorer | None = None) -> dict[str, list[Sample]]:
        """The samples of each problem; with `score` only of problems whose answers all have one, none if none has."""
        found: dict[str, list[Sample]] = {}
        if score and all(score(row) is None for rows in self.problems.values() for row in rows):
            return found
        for id, rows in self.problems.items():
            scores = [score(row) if score else None for row in rows]
            if score and any(
                each is None
                for each, row in zip(scores, rows, strict=True)
                if row.predicted_answer is not None
            ):
                continue
            found[id] = [
                Sample(row.sample, row.verdict == "correct", cluster, each)
                for row, cluster, each in zip(rows, clusters_of(rows), scores, strict=True)
            ]
        return found

    def passed(self, k: int, name: str) -> Metric:
        """pass@k over the problems that have k samples."""
        values = []
        for id, rows in self.problems.items():
            if len(rows) >= k:
                values.append(self._value(id, pass_at(len(rows), self._correct[id], k), k))
        return self._metric(name, values)

    def voted(
        self,
        name: str,
        size: int,
        k: int,
        estimate: Estimate,
        samples: Mapping[str, Sequence[Sample]],
    ) -> Metric:
        """A metric that chooses one answer among `size` samples; at size k among those that a problem has."""
        values = []
        for id, each in samples.items():
            rows = self.problems[id]
            if size == k or len(rows) >= size:
                drawn = min(size, len(rows))
                values.append(self._value(id, estimate(each, drawn), drawn))
        return self._metric(name, values)

    def circular(self, k: int) -> list[Metric]:
        """Circular evaluation: a problem is right in a sample if all rotations of its options are answered right."""
        groups: dict[str, dict[int, list[Row]]] = {}
        for rows in self.problems.values():
            for row in rows:
                if row.rotations > 1:
                    groups.setdefault(row.group, {}).setdefault(row.sample, []).append(row)
        values = []
        for name, samples in groups.items():
            whole = [rows for rows in samples.values() if len(rows) == rows[0].rotations]
            if whole:
                right = fmean([all(row.verdict == "correct" for row in rows) for rows in whole])
                none = fmean([any(row.predicted_answer is None for row in rows) for rows in whole])
                values.append(_Value(right, none, name))
        return [self._metric("circular@1" if k == 1 else f"circular@1[avg-of-{k}]", values)] if values else []

    def _value(self, id: str, value: float, k: int) -> _Value:
        """A problem's value from k of its samples, with how likely none of them has an answer."""
        rows = self.problems[id]
        return _Value(value, 1 - pass_at(len(rows), self._answered[id], k), rows[0].group or id)

    def _metric(self, name: str, values: Sequence[_Value]) -> Metric:
        numbers = [each.value for each in values]
        units = {unit: number for number, unit in enumerate(dict.fromkeys(each.unit for each in values))}
        found = interval(numbers, [units[each.unit] for each in values], self._seed)
        return Metric(
            evaluation_mode=name,
            num_entries=len(values),
            avg_tokens=round(self._tokens, 1),
            gen_seconds=round(self._seconds, 1),
            symbolic_correct=percent(fmean(numbers)),
            no_answer=percent(fmean(each.none for each in values)),
            ci_low=percent(found.low),
            ci_high=percent(found.high),
            method=found.method,
        )


def clusters_of(rows: Sequence[Row]) -> list[int | None]:
    """The cluster for which each row votes; by equal text where some answer of the problem was never compared.

    None for a row without a vote.
    """
    voting = [row for row in rows if row.votes]
    if all(row.cluster is not None for row in voting):
        return [row.cluster if row.votes else None for row in rows]
    texts = dict.fromkeys(row.predicted_answer for row in voting)
    numbers = {text: number for number, text in enumerate(texts)}
    return [numbers[row.predicted_answer] if row.votes else None for row in rows]


def percent(share: float) -> float:
    """A share as percent, to four places."""
    return round(100 * share, 4)
