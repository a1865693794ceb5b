"""Exit codes, and how an error reaches a person: one line on stderr, without a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer
from rich.console import Console
from rich.text import Text

from kernels_sandbox import SandboxError
from mathagent.errors import MathAgentError, UsageError
from mathagent.shown import clean


class Exit(IntEnum):
    """What an exit code means."""

    answer = 0
    no_answer = 1
    usage = 2
    error = 3
    interrupted = 130


def console(*, stderr: bool = False) -> Console:
    """A console for results (stdout) or for notices and errors (stderr); NO_COLOR is respected by rich."""
    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def notice(line: str) -> None:
    """A line about what goes on, on stderr."""
    console(stderr=True).print(Text(clean(line), style="dim"), soft_wrap=True)


def complain(message: str, hint: str = "") -> None:
    """One line about an error, and how to mend it, on stderr."""
    line = Text.assemble(("error: ", "bold red"), " ".join(clean(message).split()))
    if hint:
        line.append(f" ({clean(hint)})", style="dim")
    console(stderr=True).print(line, soft_wrap=True)


@contextmanager
def told() -> Iterator[None]:
    """Turn errors meant for a person into one line on stderr and an exit code. MATHAGENT_DEBUG=1 shows tracebacks."""
    try:
        yield
    except (MathAgentError, SandboxError, KeyboardInterrupt, OSError) as error:
        if os.environ.get("MATHAGENT_DEBUG"):
            raise
        raise typer.Exit(_tell(error)) from None


def _tell(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        return Exit.interrupted
    if isinstance(error, BrokenPipeError):
        sys.stderr.close()  # the reader has gone: nothing can be said any more
        return Exit.error
    if isinstance(
        error, OSError
    ):  # a full disk, a folder that is not there: where a stage has no words of its own
        complain(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error))
        return Exit.error
    complain(getattr(error, "message", None) or str(error), getattr(error, "hint", ""))
    return Exit.usage if isinstance(error, UsageError) else Exit.error
