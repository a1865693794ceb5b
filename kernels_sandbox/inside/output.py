"""Output of a kernel, bounded where it arises: streams with a byte budget, messages of limited size.

This keeps an honest program's flood small and its reply true. A hostile one can go round it, so the client keeps a
budget of its own.
"""

from __future__ import annotations

import codecs
import io
import json
import sys
import threading
from collections.abc import Iterator
from typing import Any

from ipykernel.iostream import OutStream
from jupyter_client.session import Session

CHUNK = 64 * 1024
"""Characters of the longest stream message."""

_SIZED = frozenset({"execute_result", "display_data", "update_display_data", "error", "execute_reply"})

_LEAST = 4096
"""Bytes of a result or an error that are sent even if nothing is left of the cell's budget."""


class Budget:
    """Characters that a cell may still write; stdout, stderr, results and displays share one."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.left = size

    def reset(self) -> None:
        """A new cell begins."""
        # A little more than the client allows, so that it is the client that notices.
        self.left = self.size + 1024


class BudgetStream(OutStream):
    """An OutStream that drops what is over the cell's budget, sends small messages and opens again after close()."""

    def __init__(self, session: Session, thread: Any, name: str, budget: Budget) -> None:
        super().__init__(session, thread, name, watchfd=False)
        self._budget = budget
        self._thread = thread
        self._flushing = threading.RLock()
        self.buffer = _Bytes(self)

    def write(self, string: str) -> int:
        """Write what the budget allows; the rest is dropped, and the client learns of it by the budget's excess."""
        if not isinstance(string, str):
            return super().write(string) or 0  # which raises the TypeError
        length = len(string)
        if length > self._budget.left:
            if self._budget.left <= 0:
                return length
            string = string[: self._budget.left]
        self._budget.left -= len(string)
        super().write(sendable(string))
        return length

    def reopen(self) -> None:
        """Undo a close() of an earlier cell."""
        self.pub_thread = self._thread

    def _flush(self) -> None:
        with self._flushing:  # two threads must not send what they took in the wrong order
            super()._flush()

    def _flush_buffers(self) -> Iterator[tuple[dict[str, Any], str]]:
        for parent, data in super()._flush_buffers():
            for start in range(0, len(data), CHUNK):
                yield parent, data[start : start + CHUNK]


class _Bytes(io.BufferedIOBase):
    """What `sys.stdout.buffer` is elsewhere: takes bytes, as UTF-8, and writes them as text."""

    def __init__(self, stream: BudgetStream) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        with memoryview(data) as view:
            self._stream.write(self._decoder.decode(view))
            return view.nbytes

    def flush(self) -> None:
        self._stream.flush()


class BoundedSession(Session):
    """A Session whose results, displays and errors are cut to what is left of the cell's budget, and say so."""

    budget = Budget(1_000_000)

    def send(self, stream: Any, msg_or_type: Any, content: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Send as Session does, with bounded content; cut content is marked in the message's metadata."""
        if isinstance(msg_or_type, dict):
            if msg_or_type.get("msg_type") in _SIZED:
                msg_or_type["content"], cut = self._bounded(msg_or_type["content"])
                if cut:
                    msg_or_type["metadata"] = {**msg_or_type.get("metadata", {}), "cut": True}
        elif msg_or_type in _SIZED:
            content, cut = self._bounded(content)
            if cut:
                kwargs["metadata"] = {**(kwargs.get("metadata") or {}), "cut": True}
        return super().send(stream, msg_or_type, content, *args, **kwargs)

    def _bounded(self, content: Any) -> tuple[Any, bool]:
        room = max(self.budget.left, _LEAST)
        left = [room]
        kept = _trim(content, left)
        self.budget.left -= room - max(left[0], 0)
        return kept, left[0] < 0


def _trim(value: Any, left: list[int]) -> Any:
    """Cut strings to what is left; negative afterwards if anything was cut."""
    if isinstance(value, str):
        if left[0] < 0:
            return ""
        kept = _fit(value := sendable(value), left[0])
        left[0] = left[0] - _cost(kept) if len(kept) == len(value) else -1
        return kept
    if isinstance(value, dict):
        return {key: _trim(item, left) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_trim(item, left) for item in value]
    return value


def _fit(text: str, room: int) -> str:
    """The beginning of `text` that takes at most `room` bytes, in JSON and in the client's memory."""
    if len(text) * 6 <= room:
        return text
    text = text[: room + 1]
    while text and (size := max(_cost(text), sys.getsizeof(text) - 100)) > room:
        text = text[: min(len(text) - 1, len(text) * room // size)]
    return text


def _cost(text: str) -> int:
    """Bytes of a text in JSON."""
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")) - 2


def sendable(text: str) -> str:
    """`text`, lone surrogates in it shown as their escapes: they have no UTF-8 and would be lost."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
