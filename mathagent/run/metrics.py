"""The numbers of a run: accuracies with intervals, what they leave out, and what they cost.

What is in a denominator. A sample counts if it ended by itself and was graded. Correct ones are right; wrong and
undecided ones and those without an answer are not. Left out, and counted apart, are samples that the server, the
sandbox or a person ended (`failed`), that were stopped because the vote was decided (`stopped`), and that have no known
answer (`ungraded`). Every accuracy says over how many problems it was taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import stdev

from mathagent.run.accuracy import accuracies, percent
from mathagent.run.rows import Row, VoteWeight
from mathagent.run.summary import Counts, Group, Human, SampleRun, Saved, Summary, Usage

LIMITS = ("execution_limit", "token_limit", "context_limit", "time_limit", "repeated_error")


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of a million tokens. `cached`: of prompt tokens from the prefix cache; None takes the prompt's price."""

    prompt: float
    generated: float
    cached: float | None = None


def summarize(
    rows: Sequence[Row],
    *,
    k: int | None = None,
    decided: Collection[str] = (),
    weight: VoteWeight = "count",
    prices: Prices | None = None,
    seed: int = 0,
) -> Summary:
    """The numbers of a run. Answers count as equal by `Row.cluster`; by their text where nobody compared them.

    Args:
        rows: one for each finished or stopped sample.
        k: samples asked for of each problem; by default the most that any problem has.
        decided: ids of the problems whose sampling ended early because the vote was decided.
        weight: what a vote weighed in that.
        prices: for the cost.
        seed: of the bootstrap.
    """
    k = k or max(Counter(row.id for row in rows).values(), default=1)
    early = frozenset(decided) | {row.id for row in rows if row.stopped == "vote"}
    overall = _group("all", rows, k, early, seed)
    runs = _runs(rows)
    shares = [run.symbolic_correct for run in runs]
    return Summary(
        k=k,
        overall=overall,
        by_level=_parts(rows, "level", k, early, seed),
        by_type=_parts(rows, "type", k, early, seed),
        runs=runs,
        std_dev_across_runs=round(stdev(shares), 4) if len(shares) > 1 and not early else None,
        usage=_usage(rows, prices),
        saved=_saved(rows, k, early),
        marks=_marks(rows),
        notes=_notes(rows, overall, k, early, weight),
    )


def _parts(rows: Sequence[Row], field: str, k: int, early: frozenset[str], seed: int) -> list[Group]:
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(getattr(row, field) or "", []).append(row)
    if set(parts) <= {""}:
        return []
    names = sorted(parts, key=lambda name: (name == "", not name.isdigit(), name.zfill(9)))
    return [_group(name or "not given", parts[name], k, early, seed) for name in names]


def _group(name: str, rows: Sequence[Row], k: int, early: frozenset[str], seed: int) -> Group:
    return Group(name=name, metrics=accuracies(rows, k, early, seed), counts=_counts(rows))


def _counts(rows: Sequence[Row]) -> Counts:
    ended = [row for row in rows if row.error is None and row.stopped is None]
    verdicts = Counter(row.verdict for row in ended)
    reasons = Counter(row.finish_reason for row in ended)
    return Counts(
        problems=len({row.id for row in rows}),
        samples=len(rows),
        correct=verdicts["correct"],
        wrong=verdicts["wrong"],
        undecided=verdicts["undecided"],
        ungraded=verdicts["ungraded"],
        failed=dict(
            Counter(
                row.finish_reason or "error" for row in rows if row.error is not None and row.stopped is None
            )
        ),
        stopped=sum(row.stopped is not None for row in rows),
        no_answer=sum(row.predicted_answer is None for row in ended),
        limits={reason: reasons[reason] for reason in LIMITS if reasons[reason]},
        kernel_deaths=sum(row.num_kernel_deaths for row in rows),
        code_timeouts=sum(row.num_code_timeouts for row in rows),
        code_errors=sum(row.num_code_errors for row in rows),
    )


def _runs(rows: Sequence[Row]) -> list[SampleRun]:
    samples: dict[int, list[bool]] = {}
    for row in rows:
        if row.counted:
            samples.setdefault(row.sample, []).append(row.verdict == "correct")
    return [
        SampleRun(
            sample=number,
            counted=len(right),
            correct=sum(right),
            symbolic_correct=percent(sum(right) / len(right)),
        )
        for number, right in sorted(samples.items())
    ]


def _usage(rows: Sequence[Row], prices: Prices | None) -> Usage:
    cached = [row.num_cached_tokens for row in rows if row.num_cached_tokens is not None]
    usage = Usage(
        prompt_tokens=sum(row.num_prompt_tokens for row in rows),
        cached_tokens=sum(cached) if cached else None,
        generated_tokens=sum(row.num_generated_tokens for row in rows),
        code_rounds=sum(row.code_rounds_executed for row in rows),
        model_seconds=round(sum(row.generation_time for row in rows), 3),
        kernel_seconds=round(sum(row.code_execution_time for row in rows), 3),
        seconds=round(sum(row.seconds for row in rows), 3),
    )
    if prices is not None:
        from_cache = usage.cached_tokens or 0
        cached_price = prices.prompt if prices.cached is None else prices.cached
        cost = (
            (usage.prompt_tokens - from_cache) * prices.prompt
            + from_cache * cached_price
            + usage.generated_tokens * prices.generated
        )
        usage.cost = round(cost / 1e6, 6)
    return usage


def _saved(rows: Sequence[Row], k: int, early: frozenset[str]) -> Saved:
    saved = Saved()
    by_problem: dict[str, list[Row]] = {}
    for row in rows:
        by_problem.setdefault(row.id, []).append(row)
    tokens = 0.0
    for id in early & set(by_problem):
        mine = by_problem[id]
        stopped = [row for row in mine if row.stopped is not None]
        finished = [row.num_generated_tokens for row in mine if row.error is None and row.stopped is None]
        undone = k - len(mine) + len(stopped)
        if undone <= 0 or not finished:
            continue
        mean = sum(finished) / len(finished)
        saved.problems += 1
        saved.samples += undone
        tokens += (k - len(mine)) * mean
        tokens += sum(max(0.0, mean - row.num_generated_tokens) for row in stopped)
    saved.tokens = round(tokens)
    return saved


def _marks(rows: Sequence[Row]) -> Human | None:
    marked = [row for row in rows if row.marks is not None]
    if not marked:
        return None
    marks = sum(row.marks or 0.0 for row in marked)
    most = sum(row.max_marks or 0.0 for row in marked)
    share = round(100 * marks / most, 4) if all(row.max_marks for row in marked) else None
    return Human(samples=len(marked), marks=marks, max_marks=most, percent=share)


def _notes(
    rows: Sequence[Row], overall: Group, k: int, early: frozenset[str], weight: VoteWeight
) -> list[str]:
    """What a reader must know before comparing the numbers with others."""
    notes = []
    counts = overall.counts
    failed = sum(counts.failed.values())
    if failed:
        kinds = ", ".join(f"{reason} {number}" for reason, number in sorted(counts.failed.items()))
        counted = counts.correct + counts.wrong + counts.undecided
        note = f"{failed} of {counts.samples} samples failed ({kinds}) and are in no accuracy"
        if counted:
            low = 100 * counts.correct / (counted + failed)
            note += f"; with all of them wrong, {low:.2f} % of the samples would be correct"
        notes.append(note)
    if counts.undecided:
        notes.append(
            f"{counts.undecided} answers were too hard for the grader: in the accuracies, as not correct"
        )
    if counts.ungraded:
        notes.append(
            f"{counts.ungraded} samples have no verdict (no known answer, or never graded) and are in no accuracy"
        )
    begun = Counter(row.id for row in rows if row.counted)
    if any(begun[id] < k for id in early):
        notes.append(
            f"sampling of {len(early)} problems stopped when the vote was decided: pass@1 is over the samples "
            "there are, pass@k is left out where it would be over the hard problems only"
        )
        if any(row.mean_logprob is not None for row in rows):
            kept, other = ("maj@k", "maj@k[logprob]") if weight == "count" else ("maj@k[logprob]", "maj@k")
            notes.append(
                f"the vote that was decided is {kept}'s; {other} could have come out otherwise with all samples"
            )
    return notes
