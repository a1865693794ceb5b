"""The answer that a sentence names: "The answer is $5$.", "#### 18", "故选B". Works on the text before it is cleaned.

Only what a sentence states as its result is taken; a text that merely holds a number is left as it is.
"""

from __future__ import annotations

import re

from mathagent.answers import last_boxed
from mathagent.grading.clean import clean, without_text
from mathagent.grading.quantity import read_quantity

_TAIL = 2_000  # characters from the end that are searched: a result stands at the end of a reply
_TRIES = 12  # of the words that announce a result, the last so many are tried

_BOX = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])")
_MATH = re.compile(r"\$\$.{1,400}?\$\$|(?<![\\$])\$[^$]+\$|\\\(.{1,400}?\\\)|\\\[.{1,400}?\\\]", re.DOTALL)
_COMMAND = re.compile(r"\\(?:text|mathrm|mbox|operatorname)\s*\{[^{}]*\}|\\[a-zA-Z]+")
_WORD = re.compile(r"[A-Za-z]{2,}")
_HAN = re.compile(r"[\u4e00-\u9fff]")

_MARK = re.compile(
    r"(?:final\s+)?(?:answers?|result|solutions?)\b[^.\n$\\=]{0,60}?(?:\bis\b|\bare\b|:|=)\s*:?\s*"
    r"|(?:final\s+)?answers?\s*(?::|=)[\s*]*"
    r"|\b(?:correct\s+)?(?:option|choice)\s+is\s*:?\s*"
    r"|【?答案】?(?:是|为|[:：])*\s*|故?(?:应|本题)?选(?:择|项)?(?:是|为|[:：])?\s*(?=[(（]?[A-Ha-h](?![a-z]))"
    r"|^\s*####\s*",
    re.IGNORECASE | re.MULTILINE,
)
_STATES = re.compile(
    r"\b(?:is|are|was|were|be|equals?|gives?|gets?|have|has|makes?|needs?|takes?|costs?|total(?:s|ing)?|"
    r"therefore|thus|hence|so|then)\b[,:]?\s*",
    re.IGNORECASE,
)
_STATES_HAN = re.compile(
    r"等于|一共(?:有|是|需要)?|共计|总共(?:有|是)?|需要|所以|因此|答[:：]?|[是为得有共][:：]?"
)
_DENIES = re.compile(
    r"^\W*(?:not\b|n't\b|no\b(?!\s*(?:solution|real|[.!]?\s*$))|neither\b)|^不", re.IGNORECASE
)
_ENDS = re.compile(
    r"\.?\s*I hope\b.*$|(?<=[^.\d])\.\s+[A-Z].*$|\.\s*\n.*$|\n\s*\n.*$|[。!！]\s*.*$", re.DOTALL
)
_OPENS = re.compile(
    r"^(?:therefore|thus|hence|so|then|either|exactly|equal to|the|number|option|choice|approximately|about|simply|just"
    r"|∴|所以|因此|故)\b[\s,:，：]*|^(?:∴|所以|因此|故)[\s,:，：]*",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(r"^(?:therefore|thus|hence|so)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\$?(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:/\d+)?%?")
_BETWEEN = re.compile(r"^\s*(?:,|;|and|or|,\s*and|,\s*or|和|或|、|，)\s*$")
_SAYS = re.compile(r"[\d\\$]|(?<![A-Za-z])[A-Za-z](?![A-Za-z])")


def stated(text: str) -> str | None:
    """The answer that a sentence states; None where the text is no sentence, or states nothing."""
    if text.lstrip().startswith("\\text{"):
        text = without_text(text)
    if len(text) < 400 and not _is_sentence(text):
        return None
    text = text[-_TAIL:]
    if (answer := last_boxed(text)) is not None:
        return answer
    marks = list(_MARK.finditer(text))
    for mark in reversed(marks[-_TRIES:]):
        said = _until_its_end(text[mark.end() :])
        if said:
            return None if _DENIES.match(said) else _narrowed(said)
    if marks:
        return None
    return _from_statement(text)


def _is_sentence(text: str) -> bool:
    """Whether a text is more than an expression with units: marks of an answer, or several words that say something."""
    if _BOX.search(text) and not re.fullmatch(r"[\s$]*\\(?:boxed|fbox)\s*\{.*\}[\s$.]*", text, re.DOTALL):
        return True
    if "####" in text or "\n" in text.strip():
        return True
    if _HAN.search(text):
        return bool(_MARK.search(text) or _STATES_HAN.search(text) or len(_HAN.findall(text)) > 4)
    outside = _COMMAND.sub(" ", _MATH.sub(" ", text))
    words = _WORD.findall(outside)
    if not words:
        return False
    return bool(_MARK.search(text) or _CONCLUDES.match(text)) or (
        (len(words) > 1 or "$" in text) and bool(_STATES.search(outside) or len(words) > 4 or "$," in text)
    )


def _until_its_end(said: str) -> str:
    said = said.strip(" *_\t\n")
    said = _ENDS.sub("", said).strip()
    return said.split("\n")[0].strip() if "\\begin" not in said else said


def _narrowed(said: str) -> str:
    """What a mark announces, without words that lead up to it: "the number $5$" says $5$."""
    while True:
        shorter = _OPENS.sub("", said).strip()
        if shorter == said:
            break
        said = shorter
    spans = _spans(said)
    if spans is not None:
        return spans
    if _is_sentence(said) and (further := _from_statement(said)):
        return further
    return said


def _from_statement(text: str) -> str | None:
    """What follows the last word that states something, if a number, a formula or a choice does."""
    text = _until_its_end(text.strip().split("\n")[-1])
    states = _STATES_HAN if _HAN.search(text) else _STATES
    hidden = _MATH.sub(lambda found: "\x00" * len(found[0]), text)
    if "\\" in hidden and "$" not in text:
        hidden = text
    for found in reversed(list(states.finditer(hidden))[-_TRIES:]):
        said = text[found.end() :].strip(" ,:，：")
        if not _SAYS.search(said):
            continue
        before = text[: found.start()].rstrip()
        if _DENIES.match(said) or before.endswith(("不", "not")):
            return None
        said = _narrow_words(said)
        led_up_to = re.match(r"[A-Za-z]{2,}\s", said) and not _MATH.search(said)
        return _spans(said) or (_only_number(said) if led_up_to else None) or said
    if _HAN.search(text):
        return _number_among_han(text)
    return _spans(text) or _only_number(text)


def _only_number(text: str) -> str | None:
    """The number of a sentence that has one, with the words after it; None where there are several, or a formula."""
    numbers = list(_NUMBER.finditer(text))
    if len(numbers) != 1 or "\\" in text or re.search(r"(?<![A-Za-z])[B-Zb-z](?![A-Za-z'’])", text):
        return None
    said = text[numbers[0].start() :].strip().rstrip(".")
    return said if read_quantity(clean(said)) else numbers[0][0]


def _narrow_words(said: str) -> str:
    while (shorter := _OPENS.sub("", said).strip()) != said:
        said = shorter
    return _number_among_han(said) or said if _HAN.search(said) and not _MATH.search(said) else said


def _spans(text: str) -> str | None:
    """The formulas that end a text, joined where only "and", "or" or a comma stands between them."""
    found = list(_MATH.finditer(text))
    if not found:
        return None
    kept = [found[-1]]
    for span in reversed(found[:-1]):
        if not _BETWEEN.match(text[span.end() : kept[0].start()]):
            break
        kept.insert(0, span)
    after = text[kept[-1].end() :].strip()
    joined = ", ".join(_inner(span[0]) for span in kept)
    if re.match(r"^(?:\\?%|percent|degrees?|°)", after):
        joined += (
            after[:1] if after[0] in "%°" else "%" if after.startswith(("percent", "\\%")) else "^\\circ"
        )
    return joined


def _inner(span: str) -> str:
    return span.strip("$") if span.startswith("$") else span[2:-2]


def _number_among_han(text: str) -> str | None:
    """The one number of a Chinese phrase with the word after it, `35人` of `一共35人`; None where there are several."""
    text = _OPENS.sub("", text).strip()
    numbers = list(re.finditer(r"-?\d[\d,.]*(?:/\d+)?%?", text))
    if len(numbers) != 1 or re.search(r"[a-zA-Z=<>\\]", text):
        return None
    return text[numbers[0].start() :]
