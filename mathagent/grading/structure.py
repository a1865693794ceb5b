"""Answers of several parts: lists, sets, tuples, intervals, unions, "a or b", plus-minus. Split by brackets.

Math-Verify takes (0,1) for an interval and a pair alike; here the brackets decide, and parts are compared one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from mathagent.grading.clean import clean, closing

_JOINTS = re.compile(
    r",|;|\\(?:text|mathrm|mbox)\s*\{\s*(?:,\s*)?(?:and|or)\s*\}|\b(?:and|or)\b|\\(?:vee|lor|land|wedge)(?![a-zA-Z])"
)
_ASSIGNED = re.compile(r"^(\\?[a-zA-Z](?:_\{?\w+\}?)?)\s*(?:=|\\in(?![a-zA-Z]))\s*(?=[^=])")

Kind = Literal["list", "set", "ordered", "interval", "union"]


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of an answer.

    brackets: as written, "()" and so on, "" for a bare list. names: of parts given as `x = ...`.
    """

    kind: Kind
    parts: tuple[str, ...]
    brackets: str = ""
    names: tuple[str, ...] = ()


def read_group(text: str) -> Group | None:
    """Split a cleaned text; None where it is a single thing (also `{5}`, which is read as 5 by the caller's choice)."""
    if (found := _ASSIGNED.match(text)) and (whole := _bracketed(text[found.end() :])):
        return whole
    unions = _split(text, re.compile(r"\\cup(?![a-zA-Z])|\\bigcup(?![a-zA-Z])|(?<=[)\]])\s*U\s*(?=[(\[])"))
    if len(unions) > 1:
        return Group("union", tuple(unions))
    if whole := _bracketed(text):
        return whole
    parts = _split(text, _JOINTS)
    if len(parts) > 1 and all(parts):
        return _named(parts)
    if "\\pm" in text or "\\mp" in text:
        plus = text.replace("\\pm", "+").replace("\\mp", "-")
        minus = text.replace("\\pm", "-").replace("\\mp", "+")
        return _named([part.strip().removeprefix("+").strip() for part in (plus, minus)])
    return None


def _named(parts: list[str]) -> Group:
    """A bare list; `x = 2, 3` and `x = 2 or x = 3` are lists of values, `x = 2, y = 3` has names to go by."""
    found = [_ASSIGNED.match(part) for part in parts]
    values = tuple(part[name.end() :] if name else part for part, name in zip(parts, found, strict=True))
    names = tuple(name[1] for name in found if name)
    if not names:
        return Group("list", tuple(parts))
    if len(names) == len(parts) and len(set(names)) == len(names):
        return Group("list", values, names=names)
    return Group("list", values) if len(set(names)) == 1 else Group("list", tuple(parts))


def _bracketed(text: str) -> Group | None:
    text = re.sub(r"\\([{}])", r"\1", text.strip())
    if not text or text[0] not in "([{" or closing(text, 0) != len(text) - 1:
        return None
    brackets, inner = text[0] + text[-1], text[1:-1]
    parts = [part.strip() for part in _split(inner, re.compile("[,;]"))]
    if "\\pm" in inner and brackets == "{}":
        parts = [each for part in parts for each in _spread(part)]
    if brackets == "{}":
        return (
            Group("set", tuple(parts), brackets)
            if inner and ":" not in inner and "\\mid" not in inner
            else None
        )
    if len(parts) < 2 or not all(parts):
        return None
    if len(parts) == 2 and brackets != "()":
        return Group("interval", tuple(parts), brackets)
    return Group("ordered", tuple(parts), brackets)


def _spread(part: str) -> tuple[str, ...]:
    group = read_group(part) if "\\pm" in part else None
    return group.parts if group else (part,)


def _split(text: str, joint: re.Pattern[str]) -> list[str]:
    """Split at joints that are outside of all brackets."""
    depth, at, begin, parts = 0, 0, 0, []
    while at < len(text):
        if depth == 0 and (found := joint.match(text, at)) and found.end() > at and not _in_number(text, at):
            parts.append(text[begin:at].strip())
            begin = at = found.end()
            continue
        depth += (text[at] in "([{") - (text[at] in ")]}")
        at += 1
    parts.append(text[begin:].strip())
    return [part for part in parts if part] if len(parts) > 1 and joint is _JOINTS else parts


def _in_number(text: str, at: int) -> bool:
    """Whether a comma separates thousands: the whole text is then one such number, never a list like 1,200,3."""
    return (
        text[at] == ","
        and re.fullmatch(r"[-+]?\s*\\?\$?\s*\d{1,3}(,\d{3})+(\.\d+)?.*", text) is not None
        and not (re.search(r",\s|,\d{1,2}(?!\d)|,\d{4}", text))
    )


def same_group(answer: Group, gold: Group, same: Callable[[str, str], bool | None]) -> bool | None:
    """Compare part by part with `same`; None where that depends on a part that `same` cannot decide.

    Order counts unless the gold is a set, a bare list or a union; brackets count between intervals; a bare list may
    stand for the gold's set or pair.
    """
    if len(answer.parts) != len(gold.parts) or not _kinds_fit(answer, gold):
        return False
    if answer.names and gold.names:
        if set(answer.names) != set(gold.names):
            return False
        theirs = dict(zip(answer.names, answer.parts, strict=True))
        return _all(
            same(clean(theirs[name]), clean(part)) for name, part in zip(gold.names, gold.parts, strict=True)
        )
    mine, known = [clean(part) for part in answer.parts], [clean(part) for part in gold.parts]
    ordered = gold.kind in ("ordered", "interval") or bool(answer.names or gold.names)
    if ordered:
        return _all(same(part, other) for part, other in zip(mine, known, strict=True))
    return _matching(mine, known, same)


def _kinds_fit(answer: Group, gold: Group) -> bool:
    if answer.kind == gold.kind:
        return answer.brackets == gold.brackets or answer.kind in ("list", "union")
    if "union" in (answer.kind, gold.kind) or "interval" in (answer.kind, gold.kind):
        return False
    return "list" in (answer.kind, gold.kind)  # a set is not a tuple


def _all(results: Iterable[bool | None]) -> bool | None:
    verdicts = list(results)
    if any(verdict is False for verdict in verdicts):
        return False
    return None if any(verdict is None for verdict in verdicts) else True


def _matching(mine: list[str], known: list[str], same: Callable[[str, str], bool | None]) -> bool | None:
    """Pair up parts in any order; each is used once."""
    open_question, left = False, list(known)
    for part in mine:
        verdicts = [same(part, other) for other in left]
        if True in verdicts:
            left.pop(verdicts.index(True))
        elif None in verdicts:
            open_question = True
        else:
            return False
    return None if open_question else True
