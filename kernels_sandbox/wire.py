"""Jupyter messages as frames, the little of it that a client needs.

Messages are not signed here: the sockets lie in a folder that only this user can enter and that is gone once both
ends are connected. What arrives was written by untrusted code: anything malformed decodes to None.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

DELIMITER = b"<IDS|MSG>"
VERSION = "5.3"


@dataclass(frozen=True, slots=True)
class Message:
    """One message from a kernel: its type, the id of the request that it answers, its content and wire size."""

    type: str
    parent_id: str
    content: dict[str, Any]
    size: int


def new_id() -> str:
    """A fresh message or session id."""
    return uuid.UUID(bytes=os.urandom(16)).hex


def execute_request(code: str, message_id: str, session: str, *, counted: bool = True) -> list[bytes]:
    """Frames of an execute_request without standard input; `counted` gives it a number and a place in `In`."""
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
    return [DELIMITER, b"", _dump(header), b"{}", b"{}", _dump(content)]


def decode(frames: list[bytes]) -> Message | None:
    """Read the frames of one message; None where they are no message."""
    try:
        start = frames.index(DELIMITER)
        header, parent, content = (json.loads(frames[start + n]) for n in (2, 3, 5))
        kind = header["msg_type"]
        parent_id = parent.get("msg_id", "")
        if not (isinstance(kind, str) and isinstance(parent_id, str) and isinstance(content, dict)):
            return None
    except (ValueError, IndexError, KeyError, AttributeError, TypeError, RecursionError):
        return None
    return Message(kind, parent_id, content, sum(map(len, frames)))


def _dump(value: dict[str, Any]) -> bytes:
    # A lone surrogate in the code can't be sent as UTF-8; it arrives as a question mark and fails in the cell.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", errors="replace")
