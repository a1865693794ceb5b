"""A solve as plain text, without colours, boxes or cursor movements: for logs and pipes."""

from __future__ import annotations

from typing import TextIO

from mathagent.events import Answer, Choice, CodeBlock, Event, Execution, Finish, Prefill, Text
from mathagent.shown import clean


class PlainView:
    """Writes the reply as it stands, each part when it is complete, then the answer."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def take(self, event: Event) -> None:
        """Write the next event."""
        match event:
            case Prefill(raw) | Text(raw) | CodeBlock(_, _, raw) | Execution(_, _, _, raw):
                self._write(raw)
            case Choice():
                self._write(event.raw)
            case Answer(text):
                self._write(f"\nanswer: {text}\n")
            case Finish(reason, detail) if reason != "answer":
                self._write(f"\n{reason}: {detail}\n")
            case _:
                pass

    def _write(self, text: str) -> None:
        self._file.write(clean(text))
        self._file.flush()
