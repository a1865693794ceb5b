"""What every format is turned into: steps whose raw texts, joined, are the recorded transcript; and what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mathagent.protocols import protocol
from mathagent.trace.schema import CodeStep, OutputStep, Step, TextStep

NOT_SAID = (
    "imported: the record has the text alone, not how the execution ended, how long it took and which stream"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One recorded reply.

    format: what it was read as. protocol: the wire form of its text. steps: see `Steps`.
    values: columns for `mathagent.run.foreign`, beside or in place of the record's own.
    model: "" where the record does not name one. messages: what the model was sent, where that is recorded.
    tokens: generated, sent; None where nobody says. ended: the record's own words for how it ended.
    """

    format: str
    protocol: str
    steps: list[Step]
    values: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    messages: Sequence[Mapping[str, str]] = ()
    tokens: tuple[int | None, int | None] = (None, None)
    ended: str = ""


class Steps:
    """Collects the steps of a reply in one protocol."""

    def __init__(self, name: str) -> None:
        self._wire = protocol(name)
        self._reply = ""
        self.list: list[Step] = []
        self.codes = 0

    def prose(self, raw: str) -> None:
        """Words of the model, in which the protocol finds thinking and markup."""
        for span in self._wire.spans(raw, self._reply):
            self.list.append(TextStep(at=0, raw=span.raw, kind=span.kind))
        self._reply += raw

    def markup(self, raw: str) -> None:
        """Text that the reader need not see."""
        self.list.append(TextStep(at=0, raw=raw, kind="markup"))
        self._reply += raw

    def words(self, raw: str) -> None:
        """Words for the reader, as they stand."""
        self.list.append(TextStep(at=0, raw=raw))
        self._reply += raw

    def code(self, raw: str, code: str, *, closed: bool = True) -> None:
        """A block of code, run or not."""
        self.list.append(CodeStep(at=0, index=self.codes, raw=raw, code=code, closed=closed))
        self.codes += 1
        self._reply += raw

    def output(self, raw: str, shown: str) -> None:
        """What the last block gave, as it was shown."""
        result: dict[str, Any] = {
            "status": "unknown",
            "stdout": shown,
            "stderr": "",
            "result": None,
            "displays": [],
            "error": None,
            "cut": None,
            "seconds": 0.0,
            "state_lost": False,
            "detail": NOT_SAID,
            "suspect": False,
        }
        self.list.append(OutputStep(at=0, index=self.codes - 1, raw=raw, shown=shown, result=result))
        self._reply += raw


def text_at(record: Mapping[str, Any], *path: str) -> str:
    """The text at a place of a record; "" where there is none."""
    value: Any = record
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def count_at(record: Mapping[str, Any], *path: str) -> int | None:
    """The count at a place of a record; None where there is none."""
    value: Any = record
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
