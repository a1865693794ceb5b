"""A trace as a Jupyter notebook, and whether its cells say the same again.

What a trace is stands in `mathagent.trace`; the kernel that a notebook names is `kernels_sandbox.provisioner`'s.
"""

from mathagent.notebook.cells import notebook_of
from mathagent.notebook.check import CellCheck, Check, check

__all__ = ["CellCheck", "Check", "check", "notebook_of"]
