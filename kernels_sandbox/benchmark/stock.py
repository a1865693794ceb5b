"""Stock ipykernel as jupyter_client starts it, which everything is compared with."""

from __future__ import annotations

import subprocess
from typing import Any


class StockKernel:
    """One kernel, an asynchronous context manager."""

    def __init__(self) -> None:
        from jupyter_client.manager import AsyncKernelManager

        self.manager = AsyncKernelManager(kernel_name="python3")

    async def __aenter__(self) -> StockKernel:
        await self.manager.start_kernel(stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        await self.client.wait_for_ready(timeout=600)  # many at a time on one core take long
        return self

    async def __aexit__(self, *_: object) -> None:
        self.client.stop_channels()
        await self.manager.shutdown_kernel(now=True)

    async def execute(self, code: str) -> str:
        """Run a cell; its result or the error's name."""
        said: list[str] = []

        def note(message: dict[str, Any]) -> None:
            content = message["content"]
            said.append(content.get("ename") or content.get("data", {}).get("text/plain", ""))

        await self.client.execute_interactive(code, timeout=600, output_hook=note)
        return "".join(said)

    @property
    def pid(self) -> int:
        """Process id."""
        return int(self.manager.provisioner.pid)  # type: ignore[union-attr]
