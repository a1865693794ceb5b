"""A small assembler for classic BPF, as far as seccomp filters need it.

A program is a list of instructions and labels; jumps go forward to a label. `assemble` gives the bytes of
`struct sock_filter[]`. Not here: what to filter.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_LD_ABS, _JEQ, _JGT, _JGE, _JSET, _AND, _RET, _JA = 0x20, 0x15, 0x25, 0x35, 0x45, 0x54, 0x06, 0x05

RET_ALLOW = 0x7FFF0000
RET_KILL_PROCESS = 0x80000000
_RET_ERRNO = 0x00050000

# Offsets in struct seccomp_data. Arguments are 64 bits wide; both machines here are little-endian.
OFFSET_NUMBER = 0
OFFSET_ARCH = 4


def argument_low(index: int) -> int:
    """Offset of the low 32 bits of system call argument `index`."""
    return 16 + 8 * index


def argument_high(index: int) -> int:
    """Offset of the high 32 bits of system call argument `index`."""
    return 20 + 8 * index


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction; `yes` and `no` are labels to jump to ("" goes on with the next instruction)."""

    code: int
    k: int = 0
    yes: str = ""
    no: str = ""


def load(offset: int) -> Step:
    """Accumulator = the 32-bit word at `offset` of struct seccomp_data."""
    return Step(_LD_ABS, offset)


def mask(k: int) -> Step:
    """Accumulator &= k."""
    return Step(_AND, k)


def equal(k: int, yes: str = "", no: str = "") -> Step:
    """Jump on accumulator == k."""
    return Step(_JEQ, k, yes, no)


def greater(k: int, yes: str = "", no: str = "") -> Step:
    """Jump on accumulator > k, unsigned."""
    return Step(_JGT, k, yes, no)


def any_bit(k: int, yes: str = "", no: str = "") -> Step:
    """Jump on accumulator & k."""
    return Step(_JSET, k, yes, no)


def allow() -> Step:
    """End: let the call pass."""
    return Step(_RET, RET_ALLOW)


def kill() -> Step:
    """End: kill the process."""
    return Step(_RET, RET_KILL_PROCESS)


def refuse(errno: int) -> Step:
    """End: the call fails with `errno`."""
    return Step(_RET, _RET_ERRNO | errno)


def assemble(program: list[Step | str]) -> bytes:
    """Machine code of a program; a string in the list is a label for the instruction after it.

    Raises ValueError for a jump backward, beyond 255 instructions, or to a label that is missing.
    """
    places: dict[str, int] = {}
    steps: list[Step] = []
    for item in program:
        if isinstance(item, str):
            if item in places:
                raise ValueError(f"label {item!r} is there twice")
            places[item] = len(steps)
        else:
            steps.append(item)

    def distance(index: int, label: str) -> int:
        if not label:
            return 0
        if label not in places:
            raise ValueError(f"no label {label!r}")
        gap = places[label] - index - 1
        if not 0 <= gap <= 255:
            raise ValueError(f"jump to {label!r} spans {gap} instructions")
        return gap

    return b"".join(
        struct.pack("=HBBI", step.code, distance(i, step.yes), distance(i, step.no), step.k)
        for i, step in enumerate(steps)
    )
