"""Isolated Jupyter kernels for code that nobody has read."""

from kernels_sandbox.errors import (
    CollectError,
    IsolationError,
    KernelStartError,
    PolicyError,
    PoolClosed,
    SandboxError,
)
from kernels_sandbox.jail import Isolation, Layer, Level, probe
from kernels_sandbox.kernel import Kernel
from kernels_sandbox.policy import Policy
from kernels_sandbox.pool import KernelPool
from kernels_sandbox.replay import Rebuilt
from kernels_sandbox.result import CellError, CellResult, Cut, OutputChunk

__all__ = [
    "CellError",
    "CellResult",
    "CollectError",
    "Cut",
    "Isolation",
    "IsolationError",
    "Kernel",
    "KernelPool",
    "KernelStartError",
    "Layer",
    "Level",
    "OutputChunk",
    "Policy",
    "PolicyError",
    "PoolClosed",
    "Rebuilt",
    "SandboxError",
    "probe",
]
