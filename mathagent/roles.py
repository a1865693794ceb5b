"""What a model may be asked to be: the roles, what each is given, and what each of a verifier's decides between."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_uppercase

GIVEN: Mapping[str, tuple[str, ...]] = {
    "solve": (),
    "outcome": ("solution",),
    "process": ("solution",),
    "pairwise": ("first", "second"),
    "select": ("solutions", "count"),
    "rephrase": (),
    "similar": (),
    "harder": (),
    "numbers": (),
    "fractions": (),
    "statement": ("answer",),
    "backward": ("answer",),
}
"""The roles of InternLM-Math's unified format (arXiv 2402.06332, section 4), and what each is given beside a problem.

solve: a solution. outcome: is this solution right? process: is each of its steps? pairwise: which of two is better?
select: which of `count`? (Of a solution its `steps` are a variable too.) The others make a new problem out of one: said
in another way, similar, harder, with other numbers, with fractions or percentages; turned into a statement with its
answer, and asked backward from its answer (self-verification and FOBAR, as MetaMath has them, arXiv 2309.12284).
"""

VERDICTS: Mapping[str, tuple[str, ...]] = {
    "outcome": ("Yes", "No"),
    "process": ("Yes", "No"),
    "pairwise": ("A", "B"),
    "select": tuple(ascii_uppercase),
}
"""What a verifier's roles decide between. A prompt's `options` are its own words for them, in the same order.

The first of two is the favourable one: it is right; the first solution is better.
"""
