"""Files out of a kernel, on purpose only: in pieces, through the kernel's own channel, within a size limit."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from kernels_sandbox.errors import CollectError
from kernels_sandbox.live import LiveKernel
from kernels_sandbox.policy import Policy

MIME = "application/vnd.kernels-sandbox.piece+json"


async def collect(live: LiveKernel, path: str, max_bytes: int, policy: Policy) -> bytes:
    """The content of a file inside the kernel. Raises CollectError."""
    if not live.alive:
        raise CollectError(f"can't read {path!r}: the kernel has ended")
    piece = max(1, policy.output_bytes // 2)  # base64 and its wrapping stay within the budget of a cell
    content = bytearray()
    while True:
        size, data = await _piece(live, path, len(content), piece, policy)
        content += data
        if size > max_bytes or len(content) > max_bytes:
            raise CollectError(f"{path!r} has {size} bytes, more than the {max_bytes} allowed")
        if len(content) >= size:
            return bytes(content)
        if not data:
            raise CollectError(f"{path!r} ended after {len(content)} of {size} bytes")


async def _piece(live: LiveKernel, path: str, start: int, length: int, policy: Policy) -> tuple[int, bytes]:
    code = f"get_ipython().kernel.send_file({path!r}, {start}, {length})"
    result = await live.execute(code, policy.cell_seconds, counted=False)
    if result.error is not None:
        raise CollectError(f"can't read {path!r}: {result.error.name}: {result.error.value}")
    answers: list[Any] = [bundle[MIME] for bundle in result.displays if MIME in bundle]
    match answers:
        case [{"size": int(size), "data": str(text)}]:
            try:
                return size, base64.b64decode(text, validate=True)
            except binascii.Error as error:
                raise CollectError(f"can't read {path!r}: the kernel sent no base64") from error
    raise CollectError(f"can't read {path!r}: {result.detail or 'the kernel did not hand it over'}")
