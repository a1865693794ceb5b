"""Why a played output is not the recorded one, in a few words: each difference gets the first category that fits.

exact: the same text. form: the same words and numbers, written or spaced in another way. Everything else is a
difference, and its category says where it comes from, as far as the two texts can tell.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from mathagent.shown import clean
from tests.playback.records import number

EXACT, FORM = "exact", "form"

_NOTHING, _OTHER = "nothing shown in one of the two", "another value or form: other versions"
_VAGUE = (_NOTHING, _OTHER)
_ERROR = re.compile(r"^\s*(?:[\w.]+\.)?(\w*(?:Error|Exception|Interrupt|Warning)): ", re.MULTILINE)
_TIMEOUT = re.compile(r"Timeout waiting|TimeoutError|timed out", re.IGNORECASE)
_KERNEL_NOISE = re.compile(r"The history saving thread hit an unexpected error")
_RANDOM = re.compile(r"\b(?:import random|random\.|np\.random|randint)\b")
_NUMPY = re.compile(r"np\.\w+\(([^()]*)\)")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"\w+(?:\.\w+)?")


@dataclass(frozen=True)
class Played:
    """An execution of ours: the code, the text that the model was shown, the sandbox's result."""

    code: str
    shown: str
    result: dict[str, Any]

    @property
    def error(self) -> str:
        """The name of its error, "" for none."""
        return str((self.result.get("error") or {}).get("name") or "")


def why(recorded: str, now: Played, *, earlier: bool) -> str:
    """The category: `EXACT`, `FORM`, or in words where the difference comes from.

    Args:
        recorded: the recorded output.
        now: ours.
        earlier: an execution before it failed in one of the two runs only, so that variables may be missing.
    """
    if recorded == now.shown:
        return EXACT
    recorded = clean(recorded).strip()
    if _KERNEL_NOISE.match(recorded):
        return "noise of the recorded kernel: its history was locked"
    if words(recorded) == words(now.shown) or _same_words(recorded, now.shown):
        return FORM
    theirs = error_of(recorded)
    if theirs or now.error or now.result["status"] != "ok":
        return _of_errors(theirs, now, earlier=earlier)
    category = _of_values(recorded, now)
    return (
        "follows from an execution that failed in one run only"
        if earlier and category in _VAGUE
        else category
    )


def error_of(text: str) -> str:
    """The name of the error in a recorded output, "" for none."""
    if _TIMEOUT.search(text):
        return "Timeout"
    names = _ERROR.findall(text) or re.findall(r"\b(\w+Error)\b", text if "Traceback" in text else "")
    return "" if not names or names[-1].endswith("Warning") else str(names[-1])


def _of_errors(theirs: str, now: Played, *, earlier: bool) -> str:
    """Where one of the two failed, or both did."""
    message = str((now.result.get("error") or {}).get("value") or "")
    if now.result["status"] == "timeout":
        return "time ran out in both" if theirs == "Timeout" else "our time limit of a cell"
    if theirs == "Timeout":
        return "the recorded time limit of a cell (6 s)"
    if "wikipedia_search" in message:
        return "MINT's tool wikipedia_search is not there"
    if now.error == "ModuleNotFoundError":
        return f"not installed: {message.rsplit(' ', 1)[-1]}"
    if theirs and theirs == now.error:
        return "the same error, another form of traceback"
    if now.result["status"] in ("died", "interrupted"):
        return f"the kernel {now.result['status']}"
    if earlier:
        return "follows from an execution that failed in one run only"
    if theirs and now.error:
        return "another error: other versions"
    return f"an error then, none now ({theirs})" if theirs else f"an error now ({now.error})"


def _of_values(recorded: str, now: Played) -> str:
    """Where both printed something."""
    if _RANDOM.search(now.code):
        return "random numbers"
    if _NUMPY.search(now.shown) and same_but_digits(recorded, _NUMPY.sub(r"\1", now.shown)):
        return "NumPy 2 shows its numbers as np.float64(...)"
    if sorted(_WORD.findall(recorded)) == sorted(_WORD.findall(now.shown)):
        return "the same terms in another order"
    if same_but_digits(recorded, now.shown):
        return "floats in other digits"
    if not recorded.strip() or not now.shown.strip():
        return _NOTHING
    if "warning" in (recorded + now.shown).lower():
        return "warnings"
    if now.shown.strip().endswith(recorded) or recorded.endswith(now.shown.strip()):
        return "one of the two also shows what was printed before"
    return _OTHER


def words(text: str) -> list[str]:
    """The text's words, without the space between them and without the prompts of a doctest."""
    return text.split()


def same_but_digits(one: str, other: str) -> bool:
    """Whether two texts differ only in late digits of their numbers."""
    if _NUMBER.sub("#", one).split() != _NUMBER.sub("#", other).split():
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=1e-4, abs_tol=1e-6) for a, b in pairs)


def _same_words(recorded: str, now: str) -> bool:
    ours, theirs = now.split(), recorded.split()
    return len(ours) == len(theirs) and all(map(same_word, theirs, ours))


def same_word(recorded: str, now: str) -> bool:
    r"""Whether two words are the same, or the same number (to 12 digits): `64.0` and `64`, `20\%` and `20`."""
    if recorded == now:
        return True
    one, other = (number(text.removesuffix("\\%").removesuffix("%")) for text in (recorded, now))
    return one is not None and other is not None and math.isclose(one, other, rel_tol=1e-12)
