"""The judgements of a verification, read back: a score for each sample, as each way of choosing wants it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from mathagent.errors import UsageError
from mathagent.roles import VERDICTS
from mathagent.run.accuracy import clusters_of
from mathagent.run.report import open_stored
from mathagent.run.rows import Row
from mathagent.run.verdicts import Target, target_of

Key = tuple[str, int]
Scores = Mapping[Key, float]
"""A score for each sample; a sample that is missing has none."""


@dataclass(frozen=True, slots=True)
class Judgements:
    """A verification's rows with what each judges. label: its folder's name. model: who judged."""

    label: str
    role: str
    model: str
    rows: Sequence[tuple[Target, Row]]

    def problems(self) -> set[str]:
        """The ids of the problems that it judges."""
        return {target.id for target, _ in self.rows}

    def of_samples(self, value: Callable[[Row], float | None]) -> Scores:
        """The mean of a value over the judgements of each sample; for outcome and process."""
        found: dict[Key, list[float]] = defaultdict(list)
        for target, row in self.rows:
            if (each := value(row)) is not None:
                found[target.id, target.samples[0]].append(each)
        return {key: fmean(values) for key, values in found.items()}

    def of_pairs(self) -> dict[str, dict[tuple[int, int], float]]:
        """For each problem how likely one sample is better than another, both orders averaged, under both keys."""
        asked: dict[str, dict[tuple[int, int], list[float]]] = defaultdict(lambda: defaultdict(list))
        for target, row in self.rows:
            if row.reward_model_score is not None:
                first, second = target.samples
                asked[target.id][first, second].append(row.reward_model_score)
        means: dict[str, dict[tuple[int, int], float]] = {}
        for id, pairs in asked.items():
            orders = {pair: fmean(scores) for pair, scores in pairs.items()}
            means[id] = {}
            for (one, other), forward in orders.items():
                backward = orders.get((other, one))
                both = forward if backward is None else fmean((forward, 1 - backward))
                means[id][one, other], means[id][other, one] = both, 1 - both
        return means

    def of_selections(self) -> dict[str, Counter[int]]:
        """For each problem how often each sample was selected."""
        chosen: dict[str, Counter[int]] = defaultdict(Counter)
        for target, row in self.rows:
            if row.predicted_answer in VERDICTS["select"]:
                chosen[target.id][target.samples[VERDICTS["select"].index(row.predicted_answer)]] += 1
        return chosen


def read_judgements(path: Path) -> Judgements:
    """The verification in a folder. Raises UsageError where there is none."""
    stored = open_stored(path)
    found = [(target, row) for row in stored.rows if (target := target_of(row.extra)) is not None]
    if stored.role not in VERDICTS or not found:
        raise UsageError(f"{path} is no verification", "mathagent verify RUN makes one")
    return Judgements(path.resolve().name, stored.role, str(stored.settings.get("model", "")), found)


def win_rates(
    rows: Sequence[Row], pairs: Mapping[tuple[int, int], float], *, counted: bool = False
) -> dict[int, float] | None:
    """The mean probability of each sample to beat each other one; samples with equal answers are equally good.

    Args:
        rows: a problem's samples with an answer.
        pairs: how likely one is better than another.
        counted: count wins instead (Copeland 1951): 1 if it is likelier better, one half for a draw.

    None where two samples with different answers were never compared.
    """
    clusters = dict(zip((row.sample for row in rows), clusters_of(rows), strict=True))
    rates: dict[int, float] = {}
    for one, mine in clusters.items():
        points = []
        for other, theirs in clusters.items():
            if other == one:
                continue
            if mine is not None and mine == theirs:
                points.append(0.5)
            elif (share := pairs.get((one, other))) is None:
                return None
            else:
                points.append((share > 0.5) + 0.5 * (share == 0.5) if counted else share)
        rates[one] = fmean(points) if points else 0.5
    return rates


def ranked(rows: Sequence[Row], points: Mapping[int, float]) -> dict[int, float]:
    """Points made a rank, the highest for the best; of equal ones the answer with more votes, then the first sample."""
    clusters = clusters_of(rows)
    votes = Counter(clusters)
    worst_first = sorted(
        zip(rows, clusters, strict=True),
        key=lambda pair: (round(points.get(pair[0].sample, 0.0), 12), votes[pair[1]], -pair[0].sample),
    )
    return {row.sample: float(rank) for rank, (row, _) in enumerate(worst_first)}
