"""Preferences: pairs of two samples of one problem of which one is better, for DPO and the like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mathagent.examples.example import Example, by_problem


def pairs(examples: Sequence[Example], most: int = 1) -> Iterator[tuple[Example, Example]]:
    """Pairs (better, worse), at most so many for each problem; a sample is in one pair only.

    A right sample is better than a wrong one; where no sample has a verdict, one with a higher `reward_model_score` is
    better than one with a lower. Right ones with a high score come first, and wrong ones with a high score: the
    mistakes that are hard to tell. Otherwise samples pair up in their order. Undecided ones are left out.
    """
    for mine in by_problem(examples).values():
        right = [each for each in mine if each.row.verdict == "correct"]
        wrong = [each for each in mine if each.row.verdict == "wrong"]
        if right or wrong:
            found = list(zip(_by_score(right), _by_score(wrong), strict=False))
        else:
            scored = _by_score([each for each in mine if each.row.reward_model_score is not None])
            found = [
                (better, worse)
                for better, worse in zip(scored, reversed(scored), strict=True)
                if _score(better) > _score(worse)
            ]
        yield from found[:most]


def _by_score(examples: Sequence[Example]) -> list[Example]:
    return sorted(examples, key=lambda each: -_score(each))


def _score(example: Example) -> float:
    score = example.row.reward_model_score
    return float("-inf") if score is None else score
