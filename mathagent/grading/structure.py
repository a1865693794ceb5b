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
    r",|;|\\(?:text|mathrm|mbox)\s*\{\s*(?:,\s*)?(?:and|or|或|和|且|与)\s*\}|\b(?:and|or)\b|或者?|和|且|与"
    r"|\\(?:vee|lor|land|wedge)(?![a-zA-Z])"
)
_BLANKS = re.compile(";")
_UNION = re.compile(r"\\(?:big)?cup(?![a-zA-Z])|(?<=[)\]])\s*U\s*(?=[(\[])")
_VARIABLE = r"\\?[a-zA-Z]+(?:_\{?\w+\}?)?'?"
_ASSIGNED = re.compile(rf"^(\{{?{_VARIABLE}\}}?)\s*(?:=|\\in(?![a-zA-Z]))\s*(?=[^=])")
_ASSIGNED_TUPLE = re.compile(rf"^\(\s*({_VARIABLE}(?:\s*,\s*{_VARIABLE})+)\s*\)\s*=\s*(?=\()")
_POINT = re.compile(r"^[A-Z]'?\s*(?=\()")

Kind = Literal["list", "blanks", "set", "ordered", "interval", "union"]


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of an answer.

    brackets: as written, "()" and so on, "" for a bare list. names: of parts given as `x = ...`; all the same where
    they are values of one variable.
    """

    kind: Kind
    parts: tuple[str, ...]
    brackets: str = ""
    names: tuple[str, ...] = ()


def read_group(text: str) -> Group | None:
    """Split a cleaned text; None where it is a single thing (also `{5}`, which is read as 5 by the caller's choice)."""
    if (found := _ASSIGNED_TUPLE.match(text)) and (whole := _bracketed(text[found.end() :])):
        names = tuple(name.strip() for name in found[1].split(","))
        return Group("list", whole.parts, names=names) if len(names) == len(whole.parts) else whole
    if (found := _ASSIGNED.match(text)) and (whole := _bracketed(text[found.end() :])):
        return whole
    if (found := _POINT.match(text)) and (whole := _bracketed(text[found.end() :])) and len(whole.parts) > 1:
        return whole
    unions = split_outside(text, _UNION)
    if len(unions) > 1:
        return _united(unions)
    if whole := _bracketed(text):
        return whole
    blanks = split_outside(text, _BLANKS)
    if len(blanks) > 1 and all(blanks):
        group = _named(blanks)
        return Group("blanks", group.parts, names=group.names) if group.parts == tuple(blanks) else group
    parts = split_outside(text, _JOINTS)
    if len(parts) > 1 and all(parts):
        return _named([each for part in parts for each in _spread(part)])
    return _named(list(_spread(text))) if "\\pm" in text or "\\mp" in text else None


def is_point(text: str) -> bool:
    """Whether brackets follow a capital letter: a point A(1,2), if it is not a function."""
    return _POINT.match(text) is not None


def _united(parts: list[str]) -> Group:
    """A union; of finite sets it is one set."""
    groups = [_bracketed(part) for part in parts]
    finite = [group for group in groups if group is not None and group.kind == "set"]
    if len(finite) == len(parts):
        return Group("set", tuple(dict.fromkeys(part for group in finite for part in group.parts)), "{}")
    return Group("union", tuple(parts))


def _named(parts: list[str]) -> Group:
    """A bare list; `x = 2, 3` and `x = 2 or x = 3` are lists of values, `x = 2, y = 3` has names to go by."""
    found = [_ASSIGNED.match(part) for part in parts]
    values = tuple(part[name.end() :] if name else part for part, name in zip(parts, found, strict=True))
    names = tuple(name[1] for name in found if name)
    if not names:
        return Group("list", tuple(parts))
    if len(names) == len(parts) and len(set(names)) == len(names):
        return Group("list", values, names=names)
    return (
        Group("list", values, names=names[:1] * len(parts))
        if len(set(names)) == 1
        else Group("list", tuple(parts))
    )


def _bracketed(text: str) -> Group | None:
    text = re.sub(r"\\([{}])", r"\1", text.strip())
    if not text or text[0] not in "([{" or closing(text, 0) != len(text) - 1:
        return None
    brackets, inner = text[0] + text[-1], text[1:-1]
    parts = [part.strip() for part in split_outside(inner, re.compile("[,;]"))]
    if brackets == "{}":
        if ":" in inner or "\\mid" in inner:
            return None
        return (
            Group("set", tuple(each for part in parts for each in _spread(part)), brackets)
            if inner.strip()
            else None
        )
    if len(parts) < 2 or not all(parts):
        return None
    if len(parts) == 2 and brackets != "()" and not parts[0].startswith("["):
        return Group("interval", tuple(parts), brackets)
    return Group("ordered", tuple(parts), brackets)


def _spread(part: str) -> tuple[str, ...]:
    """Both values of a plus-minus."""
    if "\\pm" not in part and "\\mp" not in part:
        return (part,)
    plus = part.replace("\\pm", "+").replace("\\mp", "-")
    minus = part.replace("\\pm", "-").replace("\\mp", "+")
    return tuple(re.sub(r"(^|=)\s*\+", r"\1", each).strip() for each in (plus, minus))


def split_outside(text: str, joint: re.Pattern[str]) -> list[str]:
    """Split at joints that are outside of all brackets."""
    if joint.search(text) is None:
        return [text.strip()]
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
    """Whether a comma separates thousands: the text is one such number, or other commas are followed by spaces."""
    if text[at] != "," or not re.match(r",\d{3}(?!\d)", text[at : at + 5]):
        return False
    whole = re.fullmatch(r"[-+]?\s*\\?\$?\s*\d{1,3}(,\d{3})+(\.\d+)?.*", text)
    if whole and not re.search(r",\s|,\d{1,2}(?!\d)|,\d{4}|[a-z;]", text):
        return True
    return re.search(r",\s", text) is not None and re.search(r"(?<!\d)\d{1,3}$", text[:at]) is not None


def same_group(answer: Group, gold: Group, same: Callable[[str, str], bool | None]) -> bool | None:
    """Compare part by part with `same`; None where that depends on a part that `same` cannot decide.

    Order counts unless the gold is a set, a bare list or a union; brackets count between intervals; a bare list may
    stand for the gold's set or pair.
    """
    if len(answer.parts) != len(gold.parts) or not _kinds_fit(answer, gold):
        return False
    alike = any(len(set(group.names)) == 1 for group in (answer, gold) if len(group.parts) > 1)
    if answer.names and gold.names and set(answer.names) != set(gold.names):
        return False
    if answer.names and gold.names and not alike:
        theirs = dict(zip(answer.names, answer.parts, strict=True))
        return _all(
            same(clean(theirs[name]), clean(part)) for name, part in zip(gold.names, gold.parts, strict=True)
        )
    mine, known = [clean(part) for part in answer.parts], [clean(part) for part in gold.parts]
    if gold.kind == "set" and _nested(mine) != _nested(known):
        return False
    ordered = gold.kind in ("ordered", "interval", "blanks") or (
        bool(answer.names or gold.names) and not alike
    )
    if ordered:
        return _all(same(part, other) for part, other in zip(mine, known, strict=True))
    return _matching(mine, known, same)


def _nested(parts: list[str]) -> bool:
    """Whether sets are among the elements: {{1}, {2}} is not {1, 2}."""
    return any(part.startswith(("{", "\\{")) for part in parts)


def _kinds_fit(answer: Group, gold: Group) -> bool:
    kinds = {answer.kind, gold.kind}
    if answer.kind == gold.kind:
        return answer.brackets == gold.brackets or answer.kind in ("list", "union") or len(gold.parts) > 2
    if "union" in kinds or "interval" in kinds:
        return False
    return bool(kinds & {"list", "blanks"})  # a set is not a tuple


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
