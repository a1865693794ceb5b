"""One kernel in a process of its own: `python -m kernels_sandbox.inside.single SPEC`, SPEC being JSON.

The slow way, for systems where kernels can't be forked from a zygote.
"""

from __future__ import annotations

import json
import os
import sys
import threading

from kernels_sandbox.inside import line
from kernels_sandbox.inside.app import build
from kernels_sandbox.inside.serve import serve


def _die_with(lifeline: int) -> None:
    """End this process when the parent's end of a pipe closes, however the parent ends."""

    def wait() -> None:
        os.read(lifeline, 1)
        os._exit(0)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def main() -> None:
    """Read the spec, build the kernel, serve."""
    spec = json.loads(sys.argv[1])
    with os.fdopen(spec["options"]) as pipe:
        options = json.load(pipe)
    _die_with(spec["lifeline"])
    kernel = build(spec["folder"], spec["preload"])
    line.prepare(kernel)
    serve(kernel, spec["descriptors"], **options)
    os._exit(0)


if __name__ == "__main__":
    main()
