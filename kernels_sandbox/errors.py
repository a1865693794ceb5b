"""What can go wrong with the sandbox itself, as one tree of exceptions.

    SandboxError
    ├── PolicyError          a policy asks for something that can't be
    ├── IsolationError       this machine can't give the isolation that was asked for
    ├── KernelStartError     a kernel (or the process that forks kernels) did not come up
    ├── CollectError         a file can't be had from a kernel
    └── PoolClosed           the pool is closed, or was never entered

Not here: what happens to the code in a cell. That is data (`CellResult`) and never raises.
"""

from __future__ import annotations


class SandboxError(Exception):
    """The sandbox itself failed.

    Args:
        message: what happened, in one line.
        hint: what to try, in one line; empty when there is nothing to try.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class PolicyError(SandboxError, ValueError):
    """A policy asks for something that can't be."""


class IsolationError(SandboxError):
    """The machine can't give the level of isolation that the policy asks for."""


class KernelStartError(SandboxError):
    """A kernel, or the process that forks kernels, did not come up."""


class CollectError(SandboxError):
    """A file can't be had from a kernel: not there, too long, or not handed over."""


class PoolClosed(SandboxError):
    """The pool is closed, or was never entered."""
