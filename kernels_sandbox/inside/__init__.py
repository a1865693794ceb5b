"""What runs inside a jail: the process that forks kernels, and the kernel itself. Nothing of it is trusted outside."""

import sys

# debugpy weighs 9 MB in every kernel and has no use in a jail; None is how an import is forbidden.
sys.modules.setdefault("debugpy", None)  # type: ignore[arg-type]
