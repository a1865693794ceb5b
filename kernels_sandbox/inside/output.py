"""Output of a kernel, bounded where it arises: streams with a byte budget, messages of limited size.

This keeps an honest program's flood small and its reply true. A hostile one can go round it, so the client keeps a
budget of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ipykernel.iostream import OutStream
from jupyter_client.session import Session

CHUNK = 64 * 1024
"""Characters of the longest stream message."""

_SIZED = frozenset({"execute_result", "display_data", "update_display_data", "error", "execute_reply"})


class Budget:
    """Characters that a cell may still write; stdout and stderr share one."""

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

    def write(self, string: str) -> int:
        """Write what the budget allows; the rest is dropped, and the client learns of it by the budget's excess."""
        if not isinstance(string, str) or len(string) <= self._budget.left:
            if isinstance(string, str):
                self._budget.left -= len(string)
            return super().write(string) or 0
        length = len(string)
        if self._budget.left > 0:
            string = string[: self._budget.left]
            self._budget.left = 0
            super().write(string)
        return length

    def reopen(self) -> None:
        """Undo a close() of an earlier cell."""
        self.pub_thread = self._thread

    def _flush_buffers(self) -> Iterator[tuple[dict[str, Any], str]]:
        for parent, data in super()._flush_buffers():
            for start in range(0, len(data), CHUNK):
                yield parent, data[start : start + CHUNK]


class BoundedSession(Session):
    """A Session whose results, displays and errors are cut to a size that the client takes."""

    bound: int = 1_000_000

    def send(self, stream: Any, msg_or_type: Any, content: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Send as Session does, strings in the content cut to `bound` bytes together."""
        if isinstance(msg_or_type, dict):
            if msg_or_type.get("msg_type") in _SIZED:
                msg_or_type["content"] = trimmed(msg_or_type["content"], self.bound)
        elif msg_or_type in _SIZED:
            content = trimmed(content, self.bound)
        return super().send(stream, msg_or_type, content, *args, **kwargs)


def trimmed(value: Any, bound: int) -> Any:
    """`value` with every string of a nested structure cut so that all together come to about `bound` bytes of JSON."""
    return _trim(value, [bound + 1])


def _trim(value: Any, left: list[int]) -> Any:
    if isinstance(value, str):
        kept = _fit(value, max(left[0], 0))
        left[0] -= len(kept)
        return kept
    if isinstance(value, dict):
        return {key: _trim(item, left) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_trim(item, left) for item in value]
    return value


def _fit(text: str, room: int) -> str:
    """The beginning of `text` whose JSON has at most `room` bytes."""
    if len(text) * 6 <= room:
        return text
    text = text[:room]
    while text and (size := len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace"))) > room + 2:
        text = text[: min(len(text) - 1, len(text) * room // size)]
    return text
