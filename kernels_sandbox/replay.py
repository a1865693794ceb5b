"""What a kernel was told, and how much of it could be told again to another one."""

from __future__ import annotations

from dataclasses import dataclass, field

from kernels_sandbox.result import CellResult


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The outcome of `Kernel.rebuild`.

    restored: code of the cells that ran again and succeeded again, in order.
    lost: code of the cells that had succeeded but could not be restored (failed now, or time ran out).
    unknown: code of the cells that had not succeeded the first time: never run again, what they did is gone.
    seconds: wall time.
    """

    restored: tuple[str, ...]
    lost: tuple[str, ...]
    unknown: tuple[str, ...]
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether every cell that had succeeded succeeded again."""
        return not self.lost

    def describe(self) -> str:
        """One line for a person or a model."""
        total = len(self.restored) + len(self.lost)
        said = f"{len(self.restored)} of {total} earlier cells were run again in a fresh kernel"
        if self.lost:
            said += f"; {len(self.lost)} could not be, their variables are lost"
        if self.unknown:
            said += f"; {len(self.unknown)} that had failed were not, what they had done is lost"
        return said + "."


@dataclass(slots=True)
class Journal:
    """Cells that a caller has run since the last restart, with how they ended."""

    cells: list[tuple[str, bool]] = field(default_factory=list)

    def note(self, code: str, result: CellResult) -> None:
        """Remember a cell that was run."""
        self.cells.append((code, result.ok))

    @property
    def succeeded(self) -> list[str]:
        """Code of the cells that ended well."""
        return [code for code, ok in self.cells if ok]

    @property
    def failed(self) -> list[str]:
        """Code of the others."""
        return [code for code, ok in self.cells if not ok]

    def keep_only(self, restored: list[str]) -> None:
        """After a rebuild the fresh kernel knows these cells and no others."""
        self.cells = [(code, True) for code in restored]
