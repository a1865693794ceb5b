"""A problem's text reduced to what makes it this problem: its numbers, its words, its formulas.

What does not count: case, spacing, punctuation, LaTeX, how a number is written, the names of people and places,
pronouns, and the small words of the language.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from mathagent.overlap.latex import plain
from mathagent.overlap.numbers import DIGITS, value_of, with_digits

_TOKEN = re.compile(
    rf"(?P<number>{DIGITS.pattern})|(?P<word>[a-z]+)|(?P<han>[\u3400-\u9fff]+)|(?P<sign>[+\-/^=<>!|]+)"
)
_NAME = re.compile(r"\b[A-Z][a-z]+(?:'s)?\b")
_SMALL = """
    a an the of to in on at for from by with and or as is are was were be been being am it its this that these those
    there here he she they his her hers him their theirs them we our us you your i my me who whom whose which what
    when where why how if then than so but not no do does did has have had having will would can could shall should
    may might must each every all any some both either neither into out up down over under about after before while
    also only just very too more most many much few several same other another such own per dollar dollars please
    following problem question answer solve let lets given
    """
_SMALL_WORDS = frozenset(_SMALL.split())


@dataclass(frozen=True, slots=True)
class Normal:
    """A reduced text.

    Attributes:
        tokens: words, values of numbers and signs in order, small words and all, names left out.
        numbers: the different values in it except 1, sorted: "one" and "a" stand for each other too often.
        words: its words without the small ones.
        formulas: the tokens around each sign.
    """

    tokens: tuple[str, ...]
    numbers: tuple[str, ...]
    words: frozenset[str]
    formulas: frozenset[str]

    @property
    def ngrams(self) -> frozenset[str]:
        """All trigrams of tokens."""
        return _trigrams(self.tokens)


def normal(text: str) -> Normal:
    """Reduce a text."""
    text = unicodedata.normalize("NFKC", plain(text)).replace("⁄", "/")
    text = _NAME.sub(_nameless, text)
    tokens: list[str] = []
    words: set[str] = set()
    signs: list[int] = []
    numbers: set[str] = set()
    for match in _TOKEN.finditer(with_digits(text.lower()).replace("'s", "").replace("'", "")):
        if match["number"]:
            tokens.append(value_of(match["number"]))
            numbers.add(tokens[-1])
        elif match["word"]:
            tokens.append(_stem(match["word"]))
            if match["word"] not in _SMALL_WORDS:
                words.add(tokens[-1])
        elif match["han"]:
            run = match["han"]
            pairs = [run[at : at + 2] for at in range(max(1, len(run) - 1))]
            tokens += pairs
            words.update(pairs)
        elif match["sign"] not in ("-", "!") or _is_operand(tokens[-1:]):
            signs.append(len(tokens))
            tokens.append(match["sign"])
    row = tuple(tokens)
    formulas = frozenset(" ".join(row[max(0, at - 1) : at + 2]) for at in signs)
    return Normal(row, tuple(sorted(numbers - {"1"})), frozenset(words), formulas)


def _nameless(match: re.Match[str]) -> str:
    """Nothing for a capitalised word, unless it is a small word, or a number, at the beginning of a sentence."""
    word = match[0].lower().removesuffix("'s")
    return match[0] if word in _SMALL_WORDS or with_digits(word) != word else ""


def _is_operand(last: list[str]) -> bool:
    """Whether a hyphen after it is a minus, an exclamation mark a factorial: it is a number or a letter."""
    return bool(last) and (last[0][0].isdigit() or len(last[0]) == 1)


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _trigrams(tokens: tuple[str, ...]) -> frozenset[str]:
    if len(tokens) < 3:
        return frozenset({" ".join(tokens)}) if tokens else frozenset()
    return frozenset(" ".join(tokens[at : at + 3]) for at in range(len(tokens) - 2))
