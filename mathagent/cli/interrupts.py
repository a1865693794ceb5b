"""Ctrl-C while something runs: the first asks it to stop, the second ends the program (or, in a chat, asks again).

In a batch it lets what is under way end (`draining`).
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

from mathagent.cli.failures import notice


@contextmanager
def interruptible(stop: Callable[[], Awaitable[None]], *, second_ends: bool = True) -> Iterator[None]:
    """Inside of it, Ctrl-C calls `stop`; a second Ctrl-C cancels the current task (KeyboardInterrupt outside).

    Without `second_ends` every Ctrl-C calls `stop`, and one that comes too late does nothing: for a session that
    impatience must not end.

    Where the event loop can't take signals (Windows), Ctrl-C ends the program at once.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    stopping: list[asyncio.Future[None]] = []

    def pressed() -> None:
        if second_ends and stopping and task is not None:
            task.cancel()
        else:
            stopping.append(asyncio.ensure_future(stop()))

    try:
        loop.add_signal_handler(signal.SIGINT, pressed)
    except (NotImplementedError, RuntimeError):
        yield
        return
    try:
        yield
    except asyncio.CancelledError:
        if not stopping:
            raise
        raise KeyboardInterrupt from None
    finally:
        if second_ends:
            with suppress(ValueError):
                loop.remove_signal_handler(signal.SIGINT)
            # asyncio.run's own handler for Ctrl-C was replaced by ours: give Python's back
            signal.signal(signal.SIGINT, signal.default_int_handler)
        else:
            loop.add_signal_handler(signal.SIGINT, lambda: None)


@contextmanager
def draining(drain: Callable[[], None]) -> Iterator[list[int]]:
    """Inside of it, Ctrl-C (or SIGTERM) once calls `drain`, and again cancels the current task.

    Yields a list that fills as it is pressed.
    """
    pressed: list[int] = []
    task = asyncio.current_task()

    def handle() -> None:
        pressed.append(1)
        if len(pressed) == 1:
            notice("finishing what is under way; Ctrl-C again stops at once (nothing completed is lost)")
            drain()
        elif task is not None:
            task.cancel()

    loop, signals = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, handle)
    try:
        yield pressed
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
