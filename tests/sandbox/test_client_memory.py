"""Messages forged to fill the client's memory: it stays within twice the output budget, and the cell's end is true.

The control takes the same messages as a client would that trusts its kernel: there the attack succeeds.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from kernels_sandbox import Kernel, KernelPool, Policy, probe
from kernels_sandbox.packets import PACKET, Assembler, packets, pair

BUDGET = 2_000_000
FIXED = 300_000
"""Bytes beside twice the budget: two messages' headroom, packets on their way, the cell itself."""

_FORGE = """
import itertools, struct
def forge(kind, content, parent):
    head = '{"msg_type": "%s"}\\n{"msg_id": "%s"}\\n{}\\n' % (kind, parent)
    return (head + content).encode()
"""

# Each is an expression: (type, content as JSON, how many times).
ATTACKS = {
    "large": """('stream', '{"name": "stdout", "text": "%s"}' % ('x' * 1900000), 50)""",
    "larger than any may be": """('stream', '{"name": "stdout", "text": "%s"}' % ('x' * 20000000), 5)""",
    "wide characters": """('stream', '{"name": "stdout", "text": "\\U0001f600%s"}' % ('x' * 1900000), 5)""",
    "escapes": """('stream', '{"name": "stdout", "text": "\\\\\\\\ud83d\\\\\\\\ude00%s"}' % ('x' * 1900000), 5)""",
    "lists": """('display_data', '{"data": {"a": [%s[]]}}' % ('[],' * 600000), 5)""",
    "small lists": """('display_data', '{"data": {"a": [%s[]]}}' % ('[],' * 1000), 2000)""",
    "objects": """('display_data', '{"data": {"a": [%s{}]}}' % ('{"b":{}},' * 200000), 5)""",
    "strings": """('display_data', '{"data": {"a": [%s""]}}' % ('"é",' * 400000), 5)""",
    "hidden": """('stream', '{"name": "stdout", "text": "x", "more": [%s[]]}' % ('[],' * 600000), 5)""",
    "tiny displays": """('display_data', '{"data":{"a":"b"}}', 50000)""",
    "errors": """('error', '{"ename": "E", "evalue": "%s", "traceback": ["x"]}' % ('x' * 1900000), 5)""",
    "replies": """('execute_reply', '{"status": "error", "evalue": "%s"}' % ('x' * 1900000), 5)""",
}
UNENDING = """
port = get_ipython().kernel.iopub_socket._socket
packet = struct.pack("!IB", 65536, 1) + b"x" * 65536
for n in range(2000):
    port.sendall(packet)
    packet = struct.pack("!IB", 65536, 0) + b"x" * 65536
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kernels() -> AsyncIterator[KernelPool]:
    """A pool with the budget of these tests."""
    policy = Policy(output_bytes=BUDGET, interrupt_grace=0.2, memory_mb=1024, min_level=probe().level)
    async with KernelPool(policy, warm=0) as pool:
        yield pool


@contextlib.contextmanager
def traced() -> Iterator[None]:
    """Count this process's allocations from here on."""
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


async def attacked(kernel: Kernel, code: str) -> int:
    """Bytes by which the client grew at its largest, while the cell ran; the cell must end as over its limit."""
    with traced():
        result = await kernel.execute(code, timeout=60)
        peak = tracemalloc.get_traced_memory()[1]
    assert result.status == "output_limit", result
    assert result.cut is not None
    assert result.cut.total > BUDGET >= result.cut.kept
    return peak


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
@pytest.mark.asyncio(loop_scope="session")
async def test_the_client_stays_within_twice_the_budget(kernels: KernelPool, attack: str) -> None:
    send = (
        "k = get_ipython().kernel\n"
        f"kind, content, times = {attack}\n"
        "body = forge(kind, content, k.get_parent('shell')['header']['msg_id'])\n"
        "for _ in range(times): k.iopub_socket.send(body)\n"
        "import time\ntime.sleep(30)"
    )
    async with kernels.kernel() as kernel:
        peak = await attacked(kernel, _FORGE + send)
        assert peak <= 2 * BUDGET + FIXED, f"{peak / BUDGET:.2f} times the budget"
        assert (await kernel.execute("6 * 7")).result == "42"


@pytest.mark.asyncio(loop_scope="session")
async def test_a_message_without_end(kernels: KernelPool) -> None:
    async with kernels.kernel() as kernel:
        peak = await attacked(kernel, _FORGE + UNENDING + "import time\ntime.sleep(30)")
        assert peak <= 2 * BUDGET + FIXED
        assert (await kernel.execute("6 * 7")).result == "42"


@pytest.mark.asyncio(loop_scope="session")
async def test_a_packet_that_lies_about_its_length_ends_the_kernel(kernels: KernelPool) -> None:
    code = (
        _FORGE + "get_ipython().kernel.iopub_socket._socket.sendall(struct.pack('!IB', 1 << 31, 3) + b'x')\n"
    )
    async with kernels.kernel() as kernel:
        result = await kernel.execute(code + "import time\ntime.sleep(30)", timeout=60)
        assert (result.status, result.state_lost) == ("died", True)
        assert "closed the connection" in result.detail
        assert (await kernel.execute("6 * 7")).result == "42"


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_control_a_client_that_trusts_its_kernel(attack: str) -> None:
    scope: dict[str, object] = {}
    exec(f"{_FORGE}\nkind, content, times = {attack}\nbody = forge(kind, content, 'id')", scope)
    body, times = scope["body"], scope["times"]
    assert isinstance(body, bytes)
    assert isinstance(times, int)
    ours, theirs = pair()
    writer = threading.Thread(target=_write, args=(theirs, body, times))
    kept = []
    with traced():
        writer.start()
        assembler = Assembler(lambda: 1 << 40)
        while tracemalloc.get_traced_memory()[1] <= 2 * BUDGET + FIXED and (data := ours.recv(PACKET)):
            for message in assembler.feed(data):
                assert message is not None
                kept.append(json.loads(message.split(b"\n", 3)[3]))
        peak = tracemalloc.get_traced_memory()[1]
    ours.close()
    writer.join()
    assert peak > 2 * BUDGET + FIXED


def _write(end: socket.socket, body: bytes, times: int) -> None:
    with end, contextlib.suppress(OSError):
        for _ in range(times):
            for packet in packets(body):
                end.sendall(packet)
