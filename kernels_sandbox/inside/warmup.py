"""Work done once before kernels are forked, so that no kernel does it: late imports, caches. And its undoing: seeds."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tornado.ioloop import IOLoop

if TYPE_CHECKING:
    from kernels_sandbox.inside.app import SandboxKernel

_PLAIN = ("x = [n ** 2 for n in range(3)]\nx", "1/0", "await __import__('asyncio').sleep(0)")
_FOR_MODULE = {
    "sympy": (
        "import sympy as s\nx, y = s.symbols('x y')\n"
        "s.solve(x**2 - 5*x + 6, x), s.solve([x + y - 3, x - y - 1], [x, y]), s.factor(x**3 - 1)\n"
        "s.integrate(s.sin(x)*x, x), s.simplify(s.sin(x)**2 + s.cos(x)**2), s.latex(x/2), s.Rational(1, 3)\n"
        "s.Matrix([[1, 2], [3, 4]]).inv()",
    ),
    "numpy": ("import numpy as n\nn.random.default_rng().random(2), n.linalg.inv(n.eye(2)), n.array([1.5])",),
}


_LATE = ("tornado.platform.asyncio", "IPython.core.logger")
"""Modules that a kernel would import by itself, after the fork, each time."""


def warm_up(kernel: SandboxKernel, preload: Sequence[str]) -> None:
    """Run typical cells and forget them. Errors in them don't matter."""
    shell: Any = kernel.shell
    for module in _LATE:
        importlib.import_module(module)
    loop = asyncio.new_event_loop()
    IOLoop(make_current=False, asyncio_loop=loop).close()
    for module in preload:
        for code in _FOR_MODULE.get(module, ()):
            shell.run_cell(code, silent=True, store_history=False)
    for code in _PLAIN:
        shell.run_cell(code, silent=True, store_history=False)
    keep = {name: shell.user_ns[name] for name in ("exit", "quit")}
    shell.reset(new_session=False)
    shell.user_ns.update(keep)
    shell.execution_count = 1


def reseed() -> None:
    """Give a freshly forked kernel random numbers of its own; `random` does it by itself."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    sympy_random: Any = sys.modules.get("sympy.core.random")
    if sympy_random is not None:
        sympy_random.seed()  # in place: sympy keeps bound methods of its generator
