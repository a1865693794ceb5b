"""Names for variables, out of the words that stand around a number."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection

_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")
_EMPTY_WORDS = (
    "a an the of to in on at by for from with and or but so then than that this these those is are was were be been"
    " it its he she they them his her their him we you your our i my me who which what when where how if as will would"
    " can could has have had do does did there here also because since while after before into per each every up out"
    " s t x about equal equals means thus therefore so now get gets got only just all both same very"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_TAKEN = frozenset(dir(builtins))
SLOT = re.compile(r"number(\d+)")
"""Where a template has a number."""
LONGEST = 2
"""Words in a name."""


def content_words(text: str) -> list[str]:
    """The words of a text that say something, in lower case, possessives without their ending."""
    words = (word.lower().split("'")[0] for word in _WORD.findall(text))
    return [word for word in words if word not in _EMPTY and 1 < len(word) < 16]


def name_of(words: Collection[str], taken: Collection[str], more: Collection[str] = ()) -> str:
    """A variable name of at most two of `words`; one more of `more`, else a number, where it is taken.

    Args:
        words: the words that say best what the number is.
        taken: names in use.
        more: other words near the number.
    """
    chosen = list(dict.fromkeys(words))[:LONGEST] or list(dict.fromkeys(more))[:LONGEST] or ["amount"]
    name = _legal("_".join(chosen))
    if name not in taken:
        return name
    for word in more:
        longer = _legal("_".join([word, *chosen][: LONGEST + 1]))
        if word not in chosen and longer not in taken:
            return longer
    number = 2
    while f"{name}{number}" in taken:
        number += 1
    return f"{name}{number}"


def number_name(template: str, slot: int, taken: Collection[str]) -> str:
    """The name of a number, by the words after it ("9 bookshelves"), else those before it ("gives 52 to Larry").

    Args:
        template: a text with `number0`, `number1`, ... for its numbers.
        slot: which number; it must be in the text.
        taken: names in use.
    """
    at = re.search(rf"number{slot}(?!\d)", template)
    assert at is not None
    before = re.split(r"[.?!,;]", template[: at.start()])[-1]
    after = re.split(r"[.?!,;]|number\d+", template[at.end() :])[0]
    following = re.match(r"(?:\s*[%-]?\s*[A-Za-z]+){1,2}", after)
    near = content_words(following[0])[:2] if following else []
    earlier = content_words(SLOT.sub("", before))[::-1]
    if template[: at.start()].endswith("$"):
        near = [*earlier[:1], "dollars"]
    elif after.startswith("%"):
        near = ["percent", *near[:1]]
    return name_of(near or earlier[:1], taken, more=earlier)


def _legal(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name
