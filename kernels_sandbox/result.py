"""What comes out of a cell: plain values that turn into JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

CellStatus = Literal["ok", "error", "timeout", "died", "interrupted", "output_limit"]
STATUSES: tuple[CellStatus, ...] = get_args(CellStatus)
StreamName = Literal["stdout", "stderr", "result", "display"]


@dataclass(frozen=True, slots=True)
class OutputChunk:
    """A piece of output while the cell still runs. `text` of a display is its text/plain."""

    name: StreamName
    text: str


@dataclass(frozen=True, slots=True)
class CellError:
    """An exception that ended a cell: class name, message, traceback without terminal colours."""

    name: str
    value: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Output went beyond the budget: bytes seen (at least; the cell was ended) and bytes kept."""

    total: int
    kept: int


@dataclass(frozen=True, slots=True)
class CellResult:
    """The outcome of one cell.

    status: "ok"; "error" (an exception); "timeout" (the deadline passed); "died" (the kernel's process ended);
        "interrupted" (`Kernel.interrupt`); "output_limit" (more output than the policy's budget).
    stdout, stderr: text, at most the budget's bytes together with the rest.
    result: text/plain of the last expression as Jupyter shows it; None where there is none.
    displays: MIME bundles (type -> data) of the result and of everything displayed, in order.
    error: the exception, where one ended the cell.
    cut: how much output there was and how much is here; None where nothing was cut.
    seconds: wall time from sending the code to knowing its end.
    state_lost: the kernel had to be replaced: variables, imports and files are gone.
    detail: one line for a person or a model: why the cell ended and what was lost; "" when it ended by itself.
    suspect: the kernel sent replies that an honest kernel doesn't send: the cell may have forged its own result.
        Never proof to the contrary: a cell always has the last word over what it prints.
    """

    status: CellStatus
    stdout: str = ""
    stderr: str = ""
    result: str | None = None
    displays: tuple[Mapping[str, Any], ...] = ()
    error: CellError | None = None
    cut: Cut | None = None
    seconds: float = 0.0
    state_lost: bool = False
    detail: str = ""
    suspect: bool = False

    @property
    def ok(self) -> bool:
        """Whether the cell ran to its end without an exception, inside its limits."""
        return self.status == "ok"

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able dict; `from_dict` is the inverse."""
        record = asdict(self)
        record["displays"] = [dict(bundle) for bundle in self.displays]
        return record

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> CellResult:
        """Read what `to_dict` wrote; unknown keys are ignored. Raises ValueError for an unknown status."""
        values = {name: record[name] for name in cls.__dataclass_fields__ if name in record}
        if values.get("status") not in STATUSES:
            raise ValueError(f"unknown cell status {values.get('status')!r}")
        values["displays"] = tuple(values.get("displays", ()))
        if values.get("error") is not None:
            values["error"] = CellError(**values["error"])
        if values.get("cut") is not None:
            values["cut"] = Cut(**values["cut"])
        return cls(**values)
