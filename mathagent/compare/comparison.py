"""One run against another over the problems that both have: who flipped, whether that can be chance, what it took.

A problem is paired only where both runs have a counted sample of it. What counts is what `mathagent report` counts: a
sample that ended by itself and was graded. Wrong and undecided ones and those without an answer are not correct; those
that failed, were stopped by the vote or have no known answer are left out.

A problem is *solved* by a run if the answer that most of its counted samples give is correct (of one sample: if it is).
McNemar's exact test is on these verdicts. With several samples a problem the differences of pass@1 have a sign-flip
test of their own. Intervals are at 95 %, from 1000 seeded resamples of problems, both runs' values drawn together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

from mathagent.compare.paired import difference_interval, holm, mcnemar, sign_flip
from mathagent.compare.pairing import Pair, pair, units_of, voted
from mathagent.compare.result import Accuracy, Comparison, Flip, Part, Share
from mathagent.compare.sides import Side
from mathagent.compare.work import work_of
from mathagent.run.accuracy import percent
from mathagent.run.estimates import interval
from mathagent.run.folder import differences

_ENOUGH = 6  # flips: with fewer McNemar's p is above 0.05 even if all go one way


def compare(sides: Sequence[Side], labels: Sequence[str], seed: int = 0) -> list[Comparison]:
    """Compare every other side with the first one; a comparison without a problem of both has no accuracies.

    Args:
        sides: two or more.
        labels: their names.
        seed: of the bootstrap and the sign-flip test.
    """
    found = [
        _compared(sides[0], each, labels[0], label, seed)
        for each, label in zip(sides[1:], labels[1:], strict=True)
    ]
    for each, corrected in zip(found, holm([each.overall.p for each in found]), strict=True):
        each.overall.p_holm = corrected
        each.says = in_words(each, len(found))
    return found


def in_words(found: Comparison, comparisons: int = 1) -> str:
    """The result as a sentence."""
    part, one, other = found.overall, found.first, found.second
    if not part.problems:
        common = "no verdict on both sides of any" if found.uncounted else "no"
        return f"{one} and {other} have {common} problem in common: nothing can be said"
    flips = part.gained + part.lost
    if not flips:
        return f"{other} and {one} solve the same of the {part.problems} problems"
    said = f"{other} solves {_problems(part.gained)} that {one} doesn't and loses {part.lost}; {_p(part.p)}"
    if comparisons > 1:
        said += f" ({_p(part.p_holm)} by Holm for {comparisons} comparisons)"
    if part.p_holm < 0.05:
        return f"{said}: chance alone would hardly do that"
    if flips < _ENOUGH:
        return f"{said}: too few problems differ to tell"
    return f"{said}: the difference may well be chance"


def _compared(one: Side, other: Side, first: str, second: str, seed: int) -> Comparison:
    pairing = pair(one.rows, other.rows)
    pairs = pairing.pairs
    names = _names(one, other)
    notes = []
    if pairing.by_text:
        notes.append(f"{_problems(pairing.by_text)} have other ids in {second} and were paired by their text")
    if pairing.other_text:
        notes.append(f"{pairing.other_text} ids stand for other problems in {second}: not paired by id")
    for label, side in ((first, one), (second, other)):
        if side.rows and not any(row.counted for row in side.rows):
            notes.append(
                f"{label} has no verdicts; of another tool: mathagent import FILE --grade -o traces.jsonl"
            )
    if len({each.unit for each in pairs}) < len(pairs):
        notes.append(
            "rotations of one problem are drawn together in intervals, but McNemar's test takes each for a "
            "problem of its own: its p is too small"
        )
    return Comparison(
        first=first,
        second=second,
        problems=len(pairs),
        only_first=pairing.only_first,
        only_second=pairing.only_second,
        uncounted=pairing.uncounted,
        settings=differences(one.deciding, other.deciding) if one.settings and other.settings else [],
        overall=_part("all", pairs, names, seed),
        by_level=_parts(pairs, lambda each: each.level, names, seed),
        by_type=_parts(pairs, lambda each: each.type, names, seed),
        gained=[_flip(each) for each in pairs if each.verdicts == (False, True)],
        lost=[_flip(each) for each in pairs if each.verdicts == (True, False)],
        work=work_of(pairs, seed),
        notes=notes,
    )


def _names(one: Side, other: Side) -> list[str]:
    """The accuracies that there are: pass@1, and with several samples a problem the vote."""
    if (one.k, other.k) == (1, 1):
        return ["pass@1"]
    return ["pass@1", f"maj@{one.k}" if one.k == other.k else f"maj@{one.k} and maj@{other.k}"]


def _parts(pairs: Sequence[Pair], of: Callable[[Pair], str], names: Sequence[str], seed: int) -> list[Part]:
    groups: dict[str, list[Pair]] = {}
    for each in pairs:
        groups.setdefault(of(each), []).append(each)
    if set(groups) <= {""}:
        return []
    order = sorted(groups, key=lambda name: (name == "", not name.isdigit(), name.zfill(9)))
    found = [_part(name or "not given", groups[name], names, seed) for name in order]
    for part, corrected in zip(found, holm([part.p for part in found]), strict=True):
        part.p_holm = corrected
    return found


def _part(name: str, pairs: Sequence[Pair], names: Sequence[str], seed: int) -> Part:
    gained = sum(each.verdicts == (False, True) for each in pairs)
    lost = sum(each.verdicts == (True, False) for each in pairs)
    p = mcnemar(gained, lost)
    part = Part(
        name=name,
        problems=len(pairs),
        accuracies=[],
        gained=gained,
        lost=lost,
        p=p,
        p_holm=p,
        p_sign_flip=None,
    )
    if not pairs:
        return part
    units = units_of(pairs)
    part.accuracies = [_accuracy(names[0], [each.shares for each in pairs], units, seed)]
    if len(names) > 1:
        part.accuracies.append(_accuracy(names[1], [each.verdicts for each in pairs], units, seed))
        part.p_sign_flip = sign_flip(
            [after - before for before, after in (e.shares for e in pairs)], units, seed
        )
    return part


def _accuracy(name: str, values: Sequence[tuple[float, float]], units: Sequence[int], seed: int) -> Accuracy:
    changes = [float(after) - float(before) for before, after in values]
    found = difference_interval(changes, units, seed)
    first, second = (_share([float(value[side]) for value in values], units, seed) for side in (0, 1))
    return Accuracy(
        name=name,
        first=first,
        second=second,
        difference=percent(fmean(changes)),
        ci_low=percent(found.low),
        ci_high=percent(found.high),
    )


def _share(values: Sequence[float], units: Sequence[int], seed: int) -> Share:
    found = interval(values, units, seed)
    return Share(
        percent=percent(fmean(values)),
        ci_low=percent(found.low),
        ci_high=percent(found.high),
        method=found.method,
    )


def _flip(each: Pair) -> Flip:
    return Flip(
        id=each.id,
        second_id=each.second[0].id,
        level=each.level,
        type=each.type,
        gold=each.first[0].expected_answer or each.second[0].expected_answer,
        first=voted(each.first),
        second=voted(each.second),
    )


def _problems(number: int) -> str:
    return "1 problem" if number == 1 else f"{number} problems"


def _p(p: float) -> str:
    return f"p = {p:.2g}" if p >= 0.0001 else "p < 0.0001"
