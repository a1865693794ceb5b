r"""Fenced markdown in one assistant message: a python fence from the model, an output fence from us.

This is how Qwen2.5-Math, NuminaMath-TIR, ToRA and DeepSeek-Math were trained, and what general models follow when
the prompt asks for it. Tolerated, because models do it: ``py`` or no language tag, indented fences, prose or code on
the line of a fence, no newline at the end, a fence inside a string of the code, an output fence in place of the
closing one, a block that is never closed.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from mathagent.protocols.base import Block, Channel, Part, WireProtocol
from mathagent.protocols.rendering import continued_chat, turns
from mathagent.types import Message, ModelInput

_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})[ \t]*(?P<tag>[\w.+-]*)(?P<after>[^\n]*)")
_PYTHON = {"python", "py", "python3", "ipython", "ipython3"}
_OUTPUT = {"output", "stdout", "result"}
_STRINGS = re.compile(
    r"#[^\n]*"
    r"|(?P<quotes>\"\"\"|''')(?:\\.|[^\\])*?(?:(?P=quotes)|(?P<open>\\?\Z))"
    r"|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?",
    re.DOTALL,
)


@dataclass(slots=True)
class _Fence:
    """An open fence: offsets into the text, and what is known of it."""

    start: int  # of the fence itself
    code: int  # where the code begins
    tag: str
    mark: str
    candidate: tuple[int, int] | None = (
        None  # a closing fence that seemed to be inside a string: (code end, raw end)
    )

    @property
    def is_python(self) -> bool:
        return self.tag in _PYTHON

    @property
    def may_be_code(self) -> bool:
        return self.is_python or not self.tag


class MarkdownParser:
    """The incremental parser: looks at every line once, when it is complete."""

    def __init__(self) -> None:
        self._text = ""
        self._seen = 0  # everything before it has been looked at
        self._fence: _Fence | None = None

    @property
    def channel(self) -> Channel:
        """See `Parser.channel`."""
        return "code" if self._fence is not None and self._fence.may_be_code else "text"

    def feed(self, text: str) -> Block | None:
        """See `Parser.feed`."""
        self._text += text
        while (end := self._text.find("\n", self._seen)) >= 0:
            start, self._seen = self._seen, end + 1
            if block := self._line(start, end + 1):
                return block
        return None

    def finish(self, *, ended: bool) -> Block | None:
        """See `Parser.finish`."""
        end = len(self._text)
        if self._seen < end:
            start, self._seen = self._seen, end
            if block := self._line(start, end):
                return block
        fence, self._fence = self._fence, None
        if fence is None or not fence.may_be_code:
            return None
        if fence.candidate is not None:
            return self._block(fence, *fence.candidate, closed=True)
        return self._block(fence, end, end, closed=False) if ended else None

    def _line(self, start: int, end: int) -> Block | None:
        """Look at one whole line, `end` being after its newline (or the end of the text)."""
        fence = self._fence
        if fence is None or not fence.may_be_code:
            self._prose_line(start, end)
            fence = self._fence
            if fence is None or fence.code >= end or not fence.may_be_code:
                return None
            start = fence.code  # code begins on the line of the opening fence
        return self._code_line(fence, start, end)

    def _prose_line(self, start: int, end: int) -> None:
        """A line outside of code: it may open a fence, or close one that is not code."""
        line = self._text[start:end].rstrip("\r\n")
        if self._fence is not None and line.strip() and set(line.strip()) == {self._fence.mark[0]}:
            if len(line.strip()) >= len(self._fence.mark):
                self._fence = None
            return
        match = _FENCE.search(line)
        if match is None:
            return
        tag, after = match["tag"].lower(), match["after"].strip()
        if tag in _PYTHON:
            same_line = after and not re.fullmatch(r"\{.*\}|\[.*\]|title=.*", after)
            code = start + match.end() - len(match["after"].lstrip()) if same_line else end
            self._fence = _Fence(start + match.start(), code, tag, match["mark"])
        elif self._fence is None and not after and not line[: match.start()].strip():
            self._fence = _Fence(start + match.start(), end, tag, match["mark"])

    def _code_line(self, fence: _Fence, start: int, end: int) -> Block | None:
        """A line inside of what may be code: it may close it."""
        line = self._text[start:end].rstrip("\r\n")
        match = _FENCE.search(line)
        if (
            match is None
            or match["mark"][0] != fence.mark[0]
            or line[: match.start()].lstrip().startswith("#")
        ):
            return None
        position = start + match.start()
        tag, alone = match["tag"].lower(), not line[: match.start()].strip()
        if tag in _PYTHON and alone and not fence.is_python:
            self._fence = None  # the fence without a tag was a stray one: this one opens the code
            self._prose_line(start, end)
            return None
        if tag in _OUTPUT and not match["after"].strip():
            code_end, raw_end, closed = position, position, False
        elif not tag and not match["after"].strip():
            code_end, raw_end, closed = position, end, True
        else:
            return None
        if _inside_string(self._text[fence.code : position]):
            fence.candidate = fence.candidate or (code_end, raw_end)
            return None
        self._fence = None
        return self._block(fence, code_end, raw_end, closed=closed)

    def _block(self, fence: _Fence, code_end: int, raw_end: int, *, closed: bool) -> Block | None:
        """The block between two offsets; None if it is no code after all."""
        code = _dedent(self._text[fence.code : code_end])
        if not code.strip() or not (fence.is_python or _looks_like_python(code)):
            return None
        return Block(
            before=self._text[: fence.start],
            raw=self._text[fence.start : raw_end],
            code=code,
            rest=self._text[raw_end:],
            closed=closed,
        )


class Markdown(WireProtocol):
    """The protocol: a reply is one assistant message that grows."""

    name = "markdown"
    description = (
        "```python and ```output fences in one assistant message (Qwen2.5-Math, NuminaMath, ToRA, general)"
    )
    example = "```python\nprint(6 * 7)\n```\n"
    # The closing fence on a line of its own, so that no token is spent after it; and an output of the model's own
    # making. Both may also fire in prose: then the reply is only paused there, and goes on.
    stop = ("\n```\n", "```output")

    def parser(self, reply: str = "") -> MarkdownParser:
        """See `WireProtocol.parser`."""
        return MarkdownParser()

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`."""
        return continued_chat(messages, reply) if can_continue else turns(messages, reply)

    def output(self, block: Block, shown: str, *, left: int) -> str:
        """See `WireProtocol.output`."""
        glue = "" if block.raw.endswith("\n") else "\n"
        closing = "" if block.closed else "```\n"
        fence = "`" * max(
            3, 1 + max((len(run) for run in re.findall(r"^`{3,}", shown, re.MULTILINE)), default=0)
        )
        body = f"{shown}\n" if shown else ""
        return f"{glue}{closing}{fence}output\n{body}{fence}\n"


def _inside_string(code: str) -> bool:
    """Whether the code ends inside of a triple-quoted string."""
    return any(match["open"] is not None for match in _STRINGS.finditer(code))


def _looks_like_python(code: str) -> bool:
    """Whether a block without a language tag is worth running: it compiles, and does more than name a value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd escapes in a model's strings are the model's business
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return False
    worth = (ast.Call, ast.Assign, ast.AugAssign, ast.Import, ast.ImportFrom, ast.FunctionDef)
    return any(isinstance(node, worth) for node in ast.walk(tree))


def _dedent(code: str) -> str:
    """Take off the indentation of the first line, where every line has it: a block inside of a list item."""
    lines = code.split("\n")
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    if not indent or any(line.strip() and not line.startswith(indent) for line in lines):
        return code.lstrip(" \t") if indent and "\n" not in code.strip() else code
    return "\n".join(line.removeprefix(indent) for line in lines)
