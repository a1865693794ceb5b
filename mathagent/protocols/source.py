"""Python source as it stands in a model's text: where its strings are, and how it is taken out of what wraps it."""

from __future__ import annotations

import ast
import re
import warnings

PYTHON = frozenset({"python", "py", "python3", "ipython", "ipython3"})

_STARTS = re.compile(r"[\"'#]")
_GOES_ON = {
    "#": re.compile(r"\n"),
    '"': re.compile(r"\\.?|\"|\n", re.DOTALL),
    "'": re.compile(r"\\.?|'|\n", re.DOTALL),
    '"""': re.compile(r"\\.?|\"\"\"", re.DOTALL),
    "'''": re.compile(r"\\.?|'''", re.DOTALL),
}


class Source:
    """Source that comes in pieces. However often one asks where its strings are, every character is looked at once.

    Attributes: blank, whether nothing but white space has come.
    """

    def __init__(self) -> None:
        self.blank = True
        self._seen: list[str] = []
        self._new: list[str] = []
        self._length = 0  # of what was seen
        self._state = ""
        self._escaped = False  # the last character seen was a backslash inside of a string

    def add(self, text: str) -> None:
        """Take the next piece."""
        self._new.append(text)
        self.blank = self.blank and not text.strip()

    def text(self, end: int | None = None) -> str:
        """The source up to an offset; all of it by default."""
        return "".join(self._seen + self._new)[:end]

    def state_at(self, offset: int) -> str:
        """What is open at an offset: a string (its quotes), a comment ("#"), or nothing ("").

        No offset may lie between two quotes; for one before an offset that was asked for, the state there is given.
        """
        if offset <= self._length:
            return self._state
        new = "".join(self._new)
        now, later = new[: offset - self._length], new[offset - self._length :]
        self._look(now)
        self._seen.append(now)
        self._length += len(now)
        self._new = [later] if later else []
        return self._state

    def _look(self, text: str) -> None:
        position = 1 if self._escaped and text else 0
        self._escaped = self._escaped and not text
        while position < len(text):
            match = (_GOES_ON[self._state] if self._state else _STARTS).search(text, position)
            if match is None:
                return
            position = match.end()
            found = match[0]
            if not self._state:
                if found == "#":
                    self._state = found
                elif text.startswith(found * 2, position):
                    self._state, position = found * 3, position + 2
                elif text.startswith(found, position):
                    position += 1  # an empty string
                else:
                    self._state = found
            elif found.startswith("\\"):
                self._escaped = found == "\\"
            else:
                self._state = ""


def dedent(code: str) -> str:
    """Take off the indentation of the first line, where every line has it: a block inside of a list item."""
    lines = code.split("\n")
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    if not indent or any(line.strip() and not line.startswith(indent) for line in lines):
        return code.lstrip(" \t") if indent and "\n" not in code.strip() else code
    return "\n".join(line.removeprefix(indent) for line in lines)


def looks_like_python(code: str) -> bool:
    """Whether a block without a language tag is worth running: it compiles, and does more than name a value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd escapes in a model's strings are the model's business
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return False
    worth = (ast.Call, ast.Assign, ast.AugAssign, ast.Import, ast.ImportFrom, ast.FunctionDef)
    return any(isinstance(node, worth) for node in ast.walk(tree))
