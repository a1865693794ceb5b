"""Fold the messages of one cell into a CellResult, within a byte budget.

Pure: no sockets, no clock. What arrives is untrusted, so every field is checked before it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from kernels_sandbox.result import CellError, CellResult, CellStatus, Cut, OutputChunk, StreamName
from kernels_sandbox.wire import Message

OnOutput = Callable[[OutputChunk], None]

PIECE = 64 * 1024
"""Characters of a stream's text handled at once: copies of a long message are never whole."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def strip_ansi(text: str) -> str:
    """Text without terminal escape sequences."""
    return _ANSI.sub("", text) if "\x1b" in text else text


class CellFold:
    """Collects the output of one cell.

    Args:
        budget: bytes that are kept of everything together.
        on_output: called with each piece that is kept, at once.
    """

    def __init__(self, budget: int, on_output: OnOutput | None = None) -> None:
        self._budget = budget
        self._on_output = on_output
        self._streams = {"stdout": bytearray(), "stderr": bytearray()}
        self._displays: list[dict[str, Any]] = []
        self._result: str | None = None
        self._error: CellError | None = None
        self._replies = 0
        self._kept = 0
        self._seen = 0
        self.reply_status: str | None = None
        self.idle = False
        self.suspect = False

    @property
    def room(self) -> int:
        """Bytes that may still be kept."""
        return self._budget - self._kept

    @property
    def over_budget(self) -> bool:
        """Whether there was more output than the budget."""
        return self._seen > self._budget

    @property
    def finished(self) -> bool:
        """Whether the kernel has said both that the cell is done and how it ended."""
        return self.idle and self.reply_status is not None

    def lost_output(self) -> None:
        """Output of unknown size was lost on the way: the budget counts as exceeded."""
        self._seen = max(self._seen, self._budget + 1)

    def foreign(self, message: Message) -> None:
        """Charge a message that belongs to no request of ours (a background thread of an earlier cell)."""
        if message.type in {"stream", "display_data", "execute_result", "error", "update_display_data"}:
            self._seen += message.size

    def add(self, message: Message) -> None:
        """Take in one message of this cell."""
        content = message.content
        match message.type:
            case "stream":
                self._stream(content)
            case "execute_result" | "display_data" | "update_display_data":
                self._display(content, message.size, is_result=message.type == "execute_result")
            case "error":
                self._take_error(content, message.size)
            case "execute_reply":
                self._reply(content, message.size)
            case "status" if content.get("execution_state") == "idle":
                self.suspect |= self.idle
                self.idle = True
        if message.cut:
            self.lost_output()

    def result(
        self, status: CellStatus | None, seconds: float, *, state_lost: bool = False, detail: str = ""
    ) -> CellResult:
        """The outcome; `status` None takes what the kernel replied. The last call: the output moves into the result."""
        if status is None:
            status = "output_limit" if self.over_budget else "ok" if self.reply_status == "ok" else "error"
        if status == "error" and self._error is None:
            self._error = CellError("Unknown", "the kernel reported an error without saying which", "")
        out, err = (strip_ansi(self._taken(name)) for name in ("stdout", "stderr"))
        return CellResult(
            status=status,
            stdout=out,
            stderr=err,
            result=self._result,
            displays=tuple(self._displays),
            error=self._error,
            cut=Cut(self._seen, self._kept) if self.over_budget else None,
            seconds=round(seconds, 6),
            state_lost=state_lost,
            detail=detail,
            suspect=self.suspect,
        )

    def _taken(self, name: str) -> str:
        text = self._streams[name].decode("utf-8", "replace")
        self._streams[name].clear()
        return text

    def _admit(self, size: int) -> int:
        """Charge `size` bytes; how many of them may be kept."""
        room = max(0, min(size, self._budget - self._kept))
        self._seen += size
        self._kept += room
        return room

    def _emit(self, name: StreamName, text: str) -> None:
        if self._on_output is not None and text:
            self._on_output(OutputChunk(name, text))

    def _stream(self, content: Mapping[str, Any]) -> None:
        name, text = content.get("name"), content.get("text")
        if name not in self._streams or not isinstance(text, str):
            self.suspect = True
            return
        for start in range(0, len(text), PIECE):
            self._stream_piece("stdout" if name == "stdout" else "stderr", text[start : start + PIECE])

    def _stream_piece(self, name: StreamName, text: str) -> None:
        data = text.encode("utf-8", "replace")
        room = self._admit(len(data))
        if room < len(data):
            data = data[:room]
            text = data.decode("utf-8", "ignore")
        self._streams[name] += data
        self._emit(name, text)

    def _display(self, content: Mapping[str, Any], size: int, *, is_result: bool) -> None:
        bundle = content.get("data")
        if not isinstance(bundle, dict):
            self.suspect = True
            return
        whole = self._admit(size) == size
        plain = bundle.get("text/plain")
        plain = strip_ansi(plain) if isinstance(plain, str) else None
        if not whole:
            # A bundle can't be cut in the middle; of a result's text the beginning is worth keeping.
            plain = plain[: max(0, self._budget // 4)] if plain and is_result else None
            bundle = {"text/plain": plain} if plain else {}
        if bundle:
            self._displays.append(bundle)
        if is_result:
            self._result = plain
        self._emit("result" if is_result else "display", plain or "")

    def _take_error(self, content: Mapping[str, Any], size: int) -> None:
        whole = self._admit(size) == size
        name, value, lines = content.get("ename"), content.get("evalue"), content.get("traceback")
        text = "\n".join(map(str, lines)) if isinstance(lines, list) else ""
        limit = None if whole else 2000
        self._error = CellError(str(name)[:200], strip_ansi(str(value))[:limit], strip_ansi(text)[:limit])

    def _reply(self, content: Mapping[str, Any], size: int) -> None:
        self._replies += 1
        if self._replies > 1:
            self.suspect = True
            return
        status = content.get("status")
        self.reply_status = status if status in {"ok", "error", "aborted"} else "error"
        if self.reply_status == "error" and self._error is None:
            self._take_error(content, size)
