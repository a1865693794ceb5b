"""Stock ipykernel as jupyter_client starts it, which everything is compared with."""

from __future__ import annotations

import subprocess


class StockKernel:
    """One kernel, an asynchronous context manager."""

    def __init__(self) -> None:
        from jupyter_client.manager import AsyncKernelManager

        self.manager = AsyncKernelManager(kernel_name="python3")

    async def __aenter__(self) -> StockKernel:
        await self.manager.start_kernel(stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        await self.client.wait_for_ready(timeout=60)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.client.stop_channels()
        await self.manager.shutdown_kernel(now=True)

    async def execute(self, code: str) -> None:
        """Run a cell and forget its output."""
        await self.client.execute_interactive(code, timeout=60, output_hook=lambda _: None)

    @property
    def pid(self) -> int:
        """Process id."""
        return int(self.manager.provisioner.pid)  # type: ignore[union-attr]
