"""Which way kernels are started here: forked from a jailed zygote, or one by one where nothing better is possible."""

from __future__ import annotations

from dataclasses import replace

from kernels_sandbox.errors import IsolationError
from kernels_sandbox.jail import Isolation, at_least
from kernels_sandbox.memory import KernelGroups
from kernels_sandbox.policy import Policy
from kernels_sandbox.process import Launcher
from kernels_sandbox.spawn import SpawnLauncher
from kernels_sandbox.zygote import ZygoteLauncher


def choose_launcher(policy: Policy, isolation: Isolation) -> tuple[Launcher, Isolation]:
    """What starts kernels here, and the isolation that they get: the machine's, or none where the policy wants network.

    Raises IsolationError below what the policy asks, and where subprocesses could not be limited in memory.
    """
    level = isolation.level
    if not at_least(level, policy.min_level):
        missing = "; ".join(f"{name}: {layer.detail}" for name, layer in isolation.missing().items())
        raise IsolationError(
            f"this machine gives isolation level {level!r}, the policy asks for {policy.min_level!r} ({missing})",
            f"mend what is missing, or accept less: Policy(min_level={level!r})",
        )
    if level == "none" or policy.network:
        return SpawnLauncher(policy), replace(isolation, level="none")
    if policy.processes:
        KernelGroups(policy.memory_mb << 20).require()
    return ZygoteLauncher(policy, level), isolation
