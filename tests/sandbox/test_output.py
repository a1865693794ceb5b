"""What a cell writes arrives, also what is no text in the strict sense."""

from __future__ import annotations

import socket

import pytest

from kernels_sandbox import Kernel, KernelPool, OutputChunk, Policy

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("code", "stdout", "stderr"),
    [
        (r"print('a\ud800b'); print('c')", "a\\ud800b\nc\n", ""),
        (r"import sys; sys.stderr.write('\udcff\n'); None", "", "\\udcff\n"),
        ("import sys; sys.stdout.buffer.write('é\\n'.encode()); print('next')", "é\nnext\n", ""),
        ("import sys; sys.stderr.buffer.write(b'x\\xff\\n'); None", "", "x\ufffd\n"),
        (
            "import sys; o = sys.stdout.buffer\no.write(b'\\xc3'); o.flush(); o.write(b'\\xa9'); o.flush()",
            "é",
            "",
        ),
        ("import sys; sys.stdout.buffer.write(memoryview(b'abc')[1:])", "bc", ""),
    ],
)
async def test_streams(kernel: Kernel, code: str, stdout: str, stderr: str) -> None:
    result = await kernel.execute(code)
    assert (result.status, result.stdout, result.stderr) == ("ok", stdout, stderr), result


async def test_a_lone_surrogate_in_an_error_or_a_display(kernel: Kernel) -> None:
    failed = await kernel.execute(r"raise ValueError('\ud800')")
    assert failed.error is not None
    assert (failed.error.name, failed.error.value) == ("ValueError", "\\ud800")
    shown = await kernel.execute(
        r"from IPython.display import display; display({'text/plain': '\ud800'}, raw=True)"
    )
    assert shown.displays == ({"text/plain": "\\ud800"},)


async def test_output_comes_while_the_cell_computes_on(kernel: Kernel) -> None:
    """Nobody flushes, and the cell prints nothing more that could push it out."""
    code = "import sys, time\nprint('early')\nbegan = time.monotonic()\nwhile time.monotonic() - began < 20: pass"
    seen: list[OutputChunk] = []

    def stop(chunk: OutputChunk) -> None:
        seen.append(chunk)
        kernel._live.stop_cell("interrupted")  # type: ignore[union-attr]

    result = await kernel.execute(code, on_output=stop)
    assert result.status == "interrupted"
    assert [chunk.text for chunk in seen] == ["early\n"]
    assert result.seconds < 15


async def test_order_is_kept_between_threads_and_flushes(kernel: Kernel) -> None:
    code = "for n in range(20000):\n    print(n, flush=n % 7 == 0)"
    result = await kernel.execute(code)
    assert result.stdout == "".join(f"{n}\n" for n in range(20000))


async def test_an_alarm_in_the_middle_of_output_breaks_nothing(kernel: Kernel) -> None:
    code = (
        "import signal\n"
        "class Ring(Exception): pass\n"
        "def ring(*_): raise Ring\n"
        "signal.signal(signal.SIGALRM, ring)\n"
        "rung = 0\n"
        "for _ in range(50):\n"
        "    try:\n"
        "        signal.setitimer(signal.ITIMER_REAL, 0.002)\n"
        "        for _ in range(300): print('x' * 30, flush=True)\n"
        "        signal.setitimer(signal.ITIMER_REAL, 0)\n"
        "    except Ring:\n"
        "        rung += 1\n"
    )
    result = await kernel.execute(code)
    assert result.status in {"ok", "output_limit"}, result
    assert not result.suspect
    assert int((await kernel.execute("rung")).result or 0) > 0
    assert (await kernel.execute("6 * 7")).result == "42"


async def test_a_system_whose_sockets_keep_no_boundaries(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernels_sandbox.line.pair", socket.socketpair)
    async with KernelPool(policy, warm=0) as pool, pool.kernel() as kernel:
        long = "é" * 200_000
        result = await kernel.execute(f"text = {long!r}\nprint(text)\ntext")
        assert (result.status, result.stdout) == ("ok", long + "\n")
        assert (await kernel.execute("len(text)")).result == "200000"


@pytest.mark.parametrize(
    "code", ["'x' * 2_000_000", "print('x' * 2_000_000)", "raise ValueError('x' * 2_000_000)"]
)
async def test_a_cell_that_ends_over_its_limit_keeps_its_state(kernel: Kernel, code: str) -> None:
    """The interrupt meets it in the middle of its reply, or after it."""
    await kernel.execute("x = 1")
    for _ in range(20):
        result = await kernel.execute(code)
        assert (result.status, result.state_lost, result.suspect) == ("output_limit", False, False), (
            result.detail
        )
    assert (await kernel.execute("x")).result == "1"
