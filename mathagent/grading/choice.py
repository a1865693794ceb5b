"""Answers to multiple choice: (B), B. or `B: 12` choose B; several letters are a set."""

from __future__ import annotations

import re

from mathagent.grading.clean import without_text

_LETTER = re.compile(r"^(?:option|choice|answer)?\s*[(\[]?\s*([A-J])\s*[)\]]?[.:]?$", re.IGNORECASE)
_CHOSEN = re.compile(
    r"^(?:option|choice|answer)?\s*(?:is\s+)?(?:\(([A-Ja-j])\)|\[([A-Ja-j])\]|([A-J])\s*[).:]|([A-J])$|([A-Ja-j])\s*\))"
    r"\s*(?:$|.{0,200}$)",
    re.I,
)
_SEVERAL = re.compile(r"^[\s(]*([A-H])(?:(?:\s*(?:,|;|and|&)\s*|\s*)\(?([A-H])\)?)+[\s).]*$")
_LETTERS = re.compile(r"[A-H]")


def choices(answer: str, gold: str) -> tuple[str, str] | None:
    """The letters that answer and gold choose, where the gold is a choice; "" for an answer that is none.

    None where the gold is no choice, or the answer is a formula that may yet be something else.
    """
    gold = without_text(gold)
    answer = without_text(answer)
    single = _LETTER.match(gold)
    if single and not (len(gold) == 1 and gold.islower()):
        return _single(answer, single[1].upper())
    if not _SEVERAL.match(gold):
        return None
    known = _LETTERS.findall(gold)
    if sorted(set(known)) != known and "," not in gold:
        return None  # BA is a segment, or a product
    if _SEVERAL.match(answer):
        return "".join(sorted(set(_LETTERS.findall(answer)))), "".join(sorted(set(known)))
    return ("", "".join(known)) if re.fullmatch(r"\(?[A-H]\)?\.?", answer) else None


def _single(answer: str, gold: str) -> tuple[str, str] | None:
    if re.fullmatch(r"[a-z]", answer) and answer != gold.lower():
        return None  # a variable
    found = _LETTER.match(answer) or _CHOSEN.match(answer)
    if found is not None:
        return next(group for group in found.groups() if group).upper(), gold
    if _SEVERAL.match(answer) and ("," in answer or len(answer) > 2):
        return "".join(_LETTERS.findall(answer)), gold
    return ("", gold) if re.fullmatch(r"-?\d+(?:\.\d+)?", answer) else None
