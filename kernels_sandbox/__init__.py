"""Isolated Jupyter kernels for code that nobody has read."""

from kernels_sandbox.errors import IsolationError, KernelStartError, PolicyError, PoolClosed, SandboxError
from kernels_sandbox.kernel import Kernel
from kernels_sandbox.policy import Policy
from kernels_sandbox.pool import KernelPool
from kernels_sandbox.result import CellError, CellResult, Cut, OutputChunk

__all__ = [
    "CellError",
    "CellResult",
    "Cut",
    "IsolationError",
    "Kernel",
    "KernelPool",
    "KernelStartError",
    "OutputChunk",
    "Policy",
    "PolicyError",
    "PoolClosed",
    "SandboxError",
]
