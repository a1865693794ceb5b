r"""The incremental parser for code between special tokens, as most trained formats have it.

Time is linear in the text, however it is cut into chunks: every piece is looked at once, and pieces are joined only
where a token may end a block. Tolerated: a Markdown fence around the code, an end token inside a string of the code, a
block that is never closed, a new turn in place of the end token.
"""

from __future__ import annotations

import ast
import re
import warnings
from abc import ABC, abstractmethod
from typing import Literal

from mathagent.protocols.base import Block, Channel
from mathagent.protocols.markdown import MarkdownParser
from mathagent.protocols.source import Source
from mathagent.protocols.tokens import Tokens

Ends = Literal["", "closes", "breaks"]


class DelimitedParser(ABC):
    """Finds the first block of code between tokens; a subclass says what the tokens mean.

    Args:
        tokens: the tokens that the subclass wants to hear of.

    Attributes for subclasses: prose, the pieces of text and tokens in front of the block.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._tail = ""  # the end of the text so far, as long as it may be the beginning of a token
        self.prose: list[str] = []
        self._opening = ""
        self._code: list[str] | None = None  # inside of a block: its pieces
        self._source = Source()  # the same code, as far as the reader of strings has had it
        self._read = (0, 0)  # how much that is, in pieces and in characters
        self._candidate: int | None = (
            None  # the piece of code that is an end token, but seemed to be in a string
        )

    @property
    def channel(self) -> Channel:
        """See `Parser.channel`."""
        return "text" if self._code is None else "code"

    @abstractmethod
    def opens(self, token: str) -> int | None:
        """Whether this token, the last piece of `prose`, begins a block: the piece at which the block starts."""

    @abstractmethod
    def ends(self, token: str) -> Ends:
        """Whether this token, met inside of code, closes the block, or breaks it off and is no part of it."""

    def code(self, inside: str, opening: str) -> str:
        """What to run of the text between the tokens."""
        return unfenced(inside)

    def feed(self, text: str) -> Block | None:
        """See `Parser.feed`."""
        work, at = self._tail + text, 0
        while match := self._tokens.find(work, at):
            self._words(work[at : match.start()])
            at = match.end()
            if block := self.take(match[0], work, at):
                return block
        held = self._tokens.held(work, at)
        self._words(work[at:held])
        self._tail = work[held:]
        return None

    def finish(self, *, ended: bool) -> Block | None:
        """See `Parser.finish`."""
        self._words(self._tail)
        self._tail = ""
        if self._code is None or not (ended or self._candidate is not None):
            return None
        return self._broken_off("")

    def _words(self, text: str) -> None:
        if text:
            (self.prose if self._code is None else self._code).append(text)

    def take(self, token: str, work: str, end: int) -> Block | None:
        """Take a token, which ends at `end` of the text at work; the block that it completes."""
        if self._code is None:
            self.prose.append(token)
            if (start := self.opens(token)) is not None:
                self._opening = "".join(self.prose[start:])
                del self.prose[start:]
                self._code, self._source, self._read, self._candidate = [], Source(), (0, 0), None
            return None
        ends = self.ends(token)
        if ends == "closes" and self._inside_string():
            self._candidate = len(self._code) if self._candidate is None else self._candidate
            ends = ""
        if not ends:
            self._code.append(token)
            return None
        if ends == "closes":
            block = self._block("".join(self._code), token, work[end:])
        else:
            block = self._broken_off(work[end - len(token) :])
        if block is None:  # nothing to run in it: prose
            self.prose += [self._opening, *self._code]
            self._code = None
            return self.take(token, work, end)
        return block

    def _inside_string(self) -> bool:
        assert self._code is not None
        pieces, length = self._read
        new = "".join(self._code[pieces:])
        self._source.add(new)
        self._read = len(self._code), length + len(new)
        return self._source.state_at(length + len(new)) not in ("", "#")

    def _broken_off(self, rest: str) -> Block | None:
        """The block, where its end token never came outside of a string."""
        code, cut = self._code or [], self._candidate
        if cut is None:
            return self._block("".join(code), "", rest)
        return self._block("".join(code[:cut]), code[cut], "".join(code[cut + 1 :]) + rest)

    def _block(self, inside: str, closing: str, rest: str) -> Block | None:
        runs = self.code(inside, self._opening)
        if not runs.strip():
            return None
        return Block("".join(self.prose), self._opening + inside + closing, runs, rest, bool(closing))


def unfenced(code: str) -> str:
    """Code without the Markdown fence around it, if there is one, and without blank lines in front."""
    bare = re.sub(r"\A(?:[ \t]*\r?\n)+", "", code)
    if "```" not in bare and "~~~" not in bare:
        return bare
    fenced = bare.lstrip().startswith(("```", "~~~"))
    if not fenced and parses(bare):
        return bare  # the fence is in a string or a comment
    parser = MarkdownParser()
    block = parser.feed(bare) or parser.finish(ended=True)
    if block is not None and (not block.before.strip() if fenced else block.raw.lower().startswith("```py")):
        return block.code
    if not fenced:
        return bare
    lines = bare.lstrip().split("\n")[1:]  # a fence with an odd tag, or around something that is no Python
    last = next((at for at, line in enumerate(lines) if line.strip() in ("```", "~~~")), len(lines))
    return "\n".join(lines[:last])


def parses(code: str) -> bool:
    """Whether it is Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd escapes in a model's strings are the model's business
        try:
            ast.parse(code)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return False
    return True
