"""The incremental parser of Markdown fences, with thinking left alone, and of tags that do a fence's work.

Lines are looked at once, when they are complete; tags at once, wherever they stand. Time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from mathagent.protocols.base import Block, Channel
from mathagent.protocols.source import PYTHON, Source, dedent, looks_like_python
from mathagent.protocols.thinking import CLOSE as END_OF_THINKING
from mathagent.protocols.thinking import OPEN as THINK

_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})[ \t]*(?P<tag>[\w.+-]*)(?P<after>[^\n]*)")
_OUTPUT = {"output", "stdout", "result"}
_SEGMENTS = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags that stand around code: `opening` anywhere outside of code, `closing` after it.

    code: what to run of the text between them. others: tags that end code whose closing tag was forgotten.
    lines: matches, at its beginning, a line that does the same. in_thinking: whether code in thinking counts.
    """

    opening: str
    closing: str
    code: Callable[[str], str]
    others: tuple[str, ...] = ()
    lines: re.Pattern[str] | None = None
    in_thinking: bool = False


@dataclass(slots=True)
class _Open:
    """An open fence or tag: offsets into the text, and what is known of it."""

    start: int  # of the fence or tag itself
    code: int  # where the code begins
    tags: Tags | None = None
    tag: str = ""
    mark: str = ""
    source: Source = field(default_factory=Source)
    candidate: tuple[int, int] | None = None  # an end that seemed to be inside a string: (code end, raw end)

    @property
    def is_python(self) -> bool:
        return self.tags is not None or self.tag in PYTHON

    @property
    def may_be_code(self) -> bool:
        return self.is_python or not self.tag


class FencedParser:
    """A parser (see `Parser`) for blocks between Markdown fences, and between tags where some are given.

    What stands between `<think>` and `</think>` is not code, unless the tags say so.

    Args:
        tags: tags that stand around code, beside fences.
        fences: whether fences are looked for at all.
        thinking: whether the text begins inside of thinking.
    """

    def __init__(self, tags: Tags | None = None, *, fences: bool = True, thinking: bool = False) -> None:
        self._tags = tags
        self._fences = fences
        names = [THINK, END_OF_THINKING, *([tags.opening, tags.closing, *tags.others] if tags else [])]
        self._names = re.compile("|".join(map(re.escape, names)))
        self._longest = max(map(len, names))
        self._pieces: list[str] = []  # all text, as it was fed
        self._held = ""  # the end of the text so far, as long as it may be the beginning of a tag
        self._at = 0  # where it begins
        self._line: list[str] = []  # the line so far, from its begin or its last tag on
        self._begin = 0  # where that is
        self._last, self._blank = "", True  # its last character; whether it has nothing but white space
        self._thinking = thinking
        self._open: _Open | None = None

    @property
    def channel(self) -> Channel:
        """See `Parser.channel`."""
        if self._open is not None and self._open.may_be_code:
            return "code"
        return "reasoning" if self._thinking else "text"

    def feed(self, text: str) -> Block | None:
        """See `Parser.feed`."""
        self._pieces.append(text)
        for segment in _SEGMENTS.findall(text):
            if block := self._segment(segment):
                return block
        return None

    def finish(self, *, ended: bool) -> Block | None:
        """See `Parser.finish`."""
        held, self._held = self._held, ""
        self._at += len(held)
        self._add(held)
        if self._line and (block := self._end_of_line()):
            return block
        open_, end = self._open, self._at
        if open_ is None or not open_.may_be_code:
            return None
        if open_.candidate is not None and open_.source.state_at(end - open_.code).strip("#"):
            return self._block(open_, *open_.candidate, closed=True)
        return self._block(open_, end, end, closed=False) if ended else None

    def _segment(self, segment: str) -> Block | None:
        """Take text that has no newline but perhaps at its end."""
        text, done = self._held + segment, 0
        start = self._at
        while match := self._names.search(text, done):
            self._add(text[done : match.start()])
            done = match.end()
            if block := self._tag(match[0], start + match.start()):
                return block
        if text.endswith("\n"):
            held = len(text)
        else:
            held = text.rfind("<", max(done, len(text) - self._longest + 1))
            held = len(text) if held < 0 else held
        self._add(text[done:held])
        self._held, self._at = text[held:], start + held
        return self._end_of_line() if text.endswith("\n") else None

    def _add(self, text: str) -> None:
        if text:
            self._line.append(text)
            self._last, self._blank = text[-1], self._blank and not text.strip()
            if self._open is not None:
                self._open.source.add(text)

    def _go_on_at(self, offset: int) -> None:
        """What comes next is taken for the beginning of a line."""
        self._line, self._begin, self._last, self._blank = [], offset, "", True

    def _tag(self, name: str, start: int) -> Block | None:
        """Take a tag that begins at `start`; the block that it completes."""
        open_, tags, end = self._open, self._tags, start + len(name)
        if open_ is not None and open_.tags is not None:
            return self._tag_in_code(open_, open_.tags, name, start)
        if self._thinking and name != END_OF_THINKING and not (tags and tags.in_thinking):
            self._add(name)
            return None
        in_code = open_ is not None and open_.is_python
        if name == THINK and self._blank and not in_code:
            self._thinking, self._open = True, None
        elif open_ is not None and self._in_string(open_, start):
            self._add(name)
        elif name == END_OF_THINKING:
            self._thinking, self._open = False, None  # it was all thinking, a fence that is open among it
            self._go_on_at(end)
        elif tags and name == tags.opening and self._last != "`" and (self._blank or not in_code):
            self._open = _Open(start, end, tags)
            self._go_on_at(end)
        else:
            self._add(name)
        return None

    def _tag_in_code(self, open_: _Open, tags: Tags, name: str, start: int) -> Block | None:
        """Take a tag inside of tagged code."""
        end = start + len(name)
        if name == tags.closing:
            if not open_.source.state_at(start - open_.code).strip("#"):
                if block := self._block(open_, start, end, closed=True):
                    return block
                self._go_on_at(end)
                return None
            open_.candidate = open_.candidate or (start, end)
        elif name in tags.others and not open_.source.state_at(start - open_.code).strip("#"):
            if block := self._block(open_, start, start, closed=False):
                return block
        elif name == tags.opening and open_.source.blank:
            self._open = _Open(open_.start, end, tags)  # the same tag twice
            self._go_on_at(end)
            return None
        self._add(name)
        return None

    def _in_string(self, open_: _Open, position: int) -> bool:
        """Whether the code of a fence is inside of a triple-quoted string there."""
        return open_.may_be_code and len(open_.source.state_at(position - open_.code)) == 3

    def _end_of_line(self) -> Block | None:
        """Look at one whole line (or what is left of it after a tag, or at the end of the text)."""
        line, begin = "".join(self._line), self._begin
        self._go_on_at(self._at)
        open_ = self._open
        if open_ is not None and open_.tags is not None:
            return self._tagged_line(open_, open_.tags, line, begin)
        if self._thinking:
            return None
        if open_ is None or not open_.may_be_code:
            self._prose_line(line, begin)
            open_ = self._open
            if open_ is None or open_.code >= begin + len(line) or not open_.may_be_code:
                return None
            line, begin = line[open_.code - begin :], open_.code  # code on the line of the opening fence
            open_.source.add(line)
        return self._code_line(open_, line, begin)

    def _tagged_line(self, open_: _Open, tags: Tags, line: str, begin: int) -> Block | None:
        """A line of tagged code: it may show that the closing tag was forgotten."""
        if open_.candidate is None or open_.candidate[0] < begin:
            if (
                tags.lines
                and tags.lines.match(line)
                and not open_.source.state_at(begin - open_.code).strip("#")
            ):
                return self._block(open_, begin, begin, closed=False)
            return None
        state = open_.source.state_at(begin + len(line.rstrip("\r\n")) - open_.code)
        if len(state.strip("#")) == 1:  # a string that ends with its line: the closing tag was meant as one
            return self._block(open_, *open_.candidate, closed=True)
        if not state.strip("#"):
            open_.candidate = None
        return None

    def _prose_line(self, line: str, begin: int) -> None:
        """A line outside of code: it may open a fence, or close one that is not code."""
        end, line = begin + len(line), line.rstrip("\r\n")
        if self._open is not None and line.strip() and set(line.strip()) == {self._open.mark[0]}:
            if len(line.strip()) >= len(self._open.mark):
                self._open = None
            return
        match = _FENCE.search(line) if self._fences else None
        if match is None:
            return
        tag, after = match["tag"].lower(), match["after"].strip()
        if tag in PYTHON:
            same_line = after and not re.fullmatch(r"\{.*\}|\[.*\]|title=.*", after)
            code = begin + match.end() - len(match["after"].lstrip()) if same_line else end
            self._open = _Open(begin + match.start(), code, tag=tag, mark=match["mark"])
        elif self._open is None and not after and not line[: match.start()].strip():
            self._open = _Open(begin + match.start(), end, tag=tag, mark=match["mark"])

    def _code_line(self, open_: _Open, whole: str, begin: int) -> Block | None:
        """A line inside of what may be code: it may close it."""
        line, end = whole.rstrip("\r\n"), begin + len(whole)
        match = _FENCE.search(line)
        if (
            match is None
            or match["mark"][0] != open_.mark[0]
            or line[: match.start()].lstrip().startswith("#")
        ):
            return None
        position = begin + match.start()
        tag, alone = match["tag"].lower(), not line[: match.start()].strip()
        if tag in PYTHON and alone and not open_.is_python:
            self._open = None  # the fence without a tag was a stray one: this one opens the code
            self._prose_line(whole, begin)
            return None
        if tag in _OUTPUT and not match["after"].strip():
            code_end, raw_end, closed = position, position, False
        elif not tag and not match["after"].strip():
            code_end, raw_end, closed = position, end, True
        else:
            return None
        if self._in_string(open_, position):
            open_.candidate = open_.candidate or (code_end, raw_end)
            return None
        return self._block(open_, code_end, raw_end, closed=closed)

    def _block(self, open_: _Open, code_end: int, raw_end: int, *, closed: bool) -> Block | None:
        """The block up to an offset; None if it is no code after all."""
        self._open = None
        code = open_.source.text(code_end - open_.code)
        code = open_.tags.code(code) if open_.tags is not None else dedent(code)
        if not code.strip() or not (open_.is_python or looks_like_python(code)):
            return None
        text = "".join(self._pieces)
        return Block(
            before=text[: open_.start],
            raw=text[open_.start : raw_end],
            code=code,
            rest=text[raw_end:],
            closed=closed,
        )
