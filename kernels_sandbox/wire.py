"""Jupyter messages as bytes, the little of it that a client needs, and what they weigh in memory.

A message is its header, parent header, metadata and content as JSON, a line each. Nothing is signed: the socket is
known to nobody but the pool and the kernel. What arrives was written by untrusted code: anything malformed decodes to
None, and what would take more memory than its size suggests (JSON can, twentyfold) is refused before it is parsed.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

VERSION = "5.3"

HEADROOM = 64 * 1024
"""Bytes a message may have beyond the output budget: headers, JSON."""

_LONGEST_HEADERS = 16 * 1024
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_CONTINUED = bytes(range(0x80, 0xC0))
_FOUR_BYTES, _TWO_BYTES = re.compile(rb"[\xf0-\xff]"), re.compile(rb"[\xc4-\xef]")
_WIDE_ESCAPE = re.compile(rb"\\u(?!00)")
_WEIGHTS = ((b"[", 72), (b"{", 64), (b":", 100), (b",", 80))  # bytes of the objects that they stand for


@dataclass(frozen=True, slots=True)
class Message:
    """One message from a kernel: its type, the id of the request that it answers, its content.

    size: bytes on the line, or in memory if that is more.
    cut: the kernel itself has cut it.
    """

    type: str
    parent_id: str
    content: dict[str, Any]
    size: int
    cut: bool = False


class TooHeavy(ValueError):
    """A message would take too much memory if it were parsed."""


def new_id() -> str:
    """A fresh message or session id."""
    return uuid.UUID(bytes=os.urandom(16)).hex


def execute_request(code: str, message_id: str, session: str, *, counted: bool = True) -> bytes:
    """An execute_request without standard input; `counted` gives it a number and a place in `In`."""
    header = {
        "msg_id": message_id,
        "msg_type": "execute_request",
        "username": "sandbox",
        "session": session,
        "date": datetime.now(UTC).isoformat(),
        "version": VERSION,
    }
    content = {
        "code": code,
        "silent": False,
        "store_history": counted,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": False,
    }
    return b"\n".join((_dump(header), b"{}", b"{}", _dump(content)))


def decode(body: bytearray, room: int) -> Message | None:
    """Read one message; None where it is none.

    Args:
        body: emptied on the way.
        room: bytes that may still be kept of the cell. At no time does the message take more than twice that and
            `HEADROOM`, however it was made.

    Raises TooHeavy, without having parsed it.
    """
    size = len(body)
    try:
        first = body.index(b"\n")
        second = body.index(b"\n", first + 1)
        start = body.index(b"\n", second + 1) + 1
        if start > _LONGEST_HEADERS:
            return None
        header, parent, metadata = (
            json.loads(body[begin:end]) for begin, end in ((0, first), (first, second), (second, start))
        )
        kind, parent_id, cut = header["msg_type"], parent.get("msg_id", ""), metadata.get("cut", False)
        size = max(size, _weigh(body, start, 2 * (room + HEADROOM)))
        with memoryview(body) as view:
            text = str(view[start:], "utf-8")
        body.clear()
        content = json.loads(text)
        if not (isinstance(kind, str) and isinstance(parent_id, str) and isinstance(content, dict)):
            return None
    except TooHeavy:
        raise
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None
    return Message(kind, parent_id, content, size, cut is True)


def _weigh(body: bytearray, start: int, most: int) -> int:
    """Bytes of the objects in the content, without their text. Raises TooHeavy beyond `most`, with the text."""
    objects, here = 0, start
    for string in _STRING.finditer(body, start):
        objects += _objects(body, here, string.start())
        here = string.end()
        if objects > most:
            raise TooHeavy
    objects += _objects(body, here, len(body))
    if len(body) > HEADROOM // 4:
        text, parsed = _text_weight(body)
        if objects + text + parsed > most:
            raise TooHeavy
    return objects


def _objects(body: bytearray, start: int, end: int) -> int:
    return sum(weight * body.count(sign, start, end) for sign, weight in _WEIGHTS)


def _text_weight(body: bytearray) -> tuple[int, int]:
    """Bytes of `body` as a Python string, and of the strings in it once parsed: both 1, 2 or 4 bytes a character."""
    width, characters = 1, len(body)
    if not body.isascii():
        width = 4 if _FOUR_BYTES.search(body) else 2 if _TWO_BYTES.search(body) else 1
        characters = len(body.translate(None, _CONTINUED))
    return width * characters, (4 if _WIDE_ESCAPE.search(body) else width) * characters


def _dump(value: dict[str, Any]) -> bytes:
    # A lone surrogate in the code can't be sent as UTF-8; it arrives as a question mark and fails in the cell.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", errors="replace")
