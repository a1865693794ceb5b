r"""A query: which traces of a collection are wanted. One small language for the command line and every browser.

    wrong level:5 rounds>=2 code:solve -finish:answer "modular inverse" /\bmod\b/

All terms must hold; `-` before a term turns it round; `a,b` after a colon are alternatives.

    correct wrong undecided ungraded        the verdict
    finish: level: sample: mode: protocol:  the same word
    dataset: model: type: problem: id: answer:   a part of it, whatever the case
    tokens rounds errors seconds model_seconds kernel_seconds prompt_tokens sample reward    < <= = >= > a number
    word "some words" /pattern/             somewhere in the problem, the prose, the code or the outputs
    problem_text: prose: code: output:      the same, in that text alone

Words and patterns do not mind the case. A pattern is a regular expression of Python's `re`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from mathagent.collection.entry import Entry, Texts
from mathagent.errors import UsageError

VERDICTS = ("correct", "wrong", "undecided", "ungraded")
SAME = {"verdict", "finish", "level", "sample", "mode", "protocol"}
PART = {"dataset", "model", "type", "problem", "id", "answer"}
NUMBERS = {
    "tokens",
    "rounds",
    "errors",
    "seconds",
    "model_seconds",
    "kernel_seconds",
    "prompt_tokens",
    "sample",
    "reward",
}
TEXTS = {"problem_text": "problem", "prose": "prose", "code": "code", "output": "output"}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    "=": lambda one, other: one == other,
    ">=": lambda one, other: one >= other,
    ">": lambda one, other: one > other,
}
_TERM = re.compile(
    r"""(?P<no>-)?
    (?:(?P<number>[a-z_]+)(?P<op><=|>=|<|>|=)(?P<value>\S+)
      |(?:(?P<field>[a-z_]+):)?(?:"(?P<quoted>[^"]*)"|/(?P<pattern>(?:\\.|[^/\\])+)/(?=\s|$)|(?P<word>\S+)))""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `texts`: it needs the texts of a trace, which cost a read of the file."""

    holds: Callable[[Entry, Callable[[], Texts]], bool]
    texts: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What is wanted: all terms hold. Made by `parse_query`; an empty one wants everything."""

    terms: tuple[Term, ...] = ()

    def wants(self, entry: Entry, texts: Callable[[], Texts]) -> bool:
        """Whether a trace is wanted; `texts` is called only if everything else holds and a term asks for it."""
        ordered = sorted(self.terms, key=lambda term: term.texts)
        return all(term.holds(entry, texts) for term in ordered)

    def __and__(self, other: Query) -> Query:
        """What both want."""
        return Query(self.terms + other.terms)


def parse_query(text: str) -> Query:
    """Read a query; the language is in this module's docstring.

    Raises UsageError for a field that is asked in a way that it has not, a number or a pattern that can't be read.
    """
    return Query(tuple(_turned(term) if no else term for no, term in map(_term, _TERM.finditer(text))))


def field_is(field: str, words: str) -> Query:
    """What `field:words` asks for, whatever characters stand in the words; the field is one that takes a colon."""
    return Query((_same(field, words) if field in SAME else _part(field, words),))


def field_within(field: str, wanted: str) -> Query:
    """A number in a range: `5`, `2..5`, `2..`, `..5` (ends included), or a comparison: `>=2`. Raises UsageError."""
    if found := re.fullmatch(r"\s*(<=|>=|<|>|=)\s*(\S+)\s*", wanted):
        return Query((_number(field, found[1], found[2]),))
    low, dots, high = wanted.strip().partition("..")
    if not dots:
        return Query((_number(field, "=", low),))
    if not low and not high:
        raise UsageError(f"{field}: {wanted!r} is no range", "ranges are 5, 2..5, 2.., ..5, >=2")
    ends = (("<=", high), (">=", low))
    return Query(tuple(_number(field, operator, end) for operator, end in ends if end))


def matching(pattern: str) -> Query:
    """A regular expression somewhere in the texts, whatever the case. Raises UsageError."""
    return Query((_in_texts("all", _pattern(pattern)),))


def _term(found: re.Match[str]) -> tuple[bool, Term]:
    """Whether the term is turned round, and what it says without that."""
    return bool(found["no"]), _comparison(found) if found["number"] else _said(found)


def _comparison(found: re.Match[str]) -> Term:
    field = found["number"]
    if field in NUMBERS:
        return _number(field, found["op"], found["value"])
    if field in SAME | PART | set(TEXTS):
        raise UsageError(f"{field} takes a colon: {field}:{found['value']}")
    return _anywhere(found[0].removeprefix("-"))  # x=3 is something to look for


def _said(found: re.Match[str]) -> Term:
    field, pattern = found["field"], found["pattern"]
    words = found["quoted"] if found["quoted"] is not None else found["word"]
    if pattern is not None and (field is None or field in TEXTS):
        return _in_texts(TEXTS.get(field or "", "all"), _pattern(pattern))
    if pattern is not None:
        words = f"/{pattern}/"
    if field is None:
        return _same("verdict", words) if words in VERDICTS and not found["quoted"] else _anywhere(words)
    if field in TEXTS:
        return _in_texts(TEXTS[field], _words(words))
    if field in SAME:
        return _same(field, words)
    if field in PART:
        return _part(field, words)
    if field in NUMBERS:
        raise UsageError(f"{field} takes a comparison: {field}>{words}")
    return _anywhere(f"{field}:{words}")


def _turned(term: Term) -> Term:
    return Term(lambda entry, texts: not term.holds(entry, texts), term.texts)


def _same(field: str, words: str) -> Term:
    wanted = {word.strip().casefold() for word in words.split(",")}
    return Term(lambda entry, _: str(getattr(entry, field)).casefold() in wanted)


def _part(field: str, words: str) -> Term:
    wanted = [word.strip().casefold() for word in words.split(",")]

    def holds(entry: Entry, _: Callable[[], Texts]) -> bool:
        value = str(getattr(entry, field) or "").casefold()
        return any(word in value for word in wanted)

    return Term(holds)


def _number(field: str, operator: str, value: str) -> Term:
    try:
        limit = float(value)
    except ValueError:
        raise UsageError(f"{field}{operator}{value}: {value!r} is no number") from None

    def holds(entry: Entry, _: Callable[[], Texts]) -> bool:
        number = entry.known(field)
        return number is not None and _COMPARE[operator](number, limit)

    return Term(holds)


def _words(words: str) -> re.Pattern[str]:
    return re.compile(re.escape(words), re.IGNORECASE)


def _pattern(pattern: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            # `[[` and the like may mean something in a future Python: nothing that a reader of traces can use.
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(pattern.replace(r"\/", "/"), re.IGNORECASE)
    except re.error as error:
        raise UsageError(f"/{pattern}/ is no regular expression: {error}") from None


def _anywhere(words: str) -> Term:
    return _in_texts("all", _words(words))


def _in_texts(which: str, wanted: re.Pattern[str]) -> Term:
    return Term(lambda _, texts: wanted.search(getattr(texts(), which)) is not None, texts=True)
