"""The grading process: reads pairs, one JSON object a line, and writes verdicts. Started and killed by `Grader`.

What it is given was written by a model. sympy evaluates strings in places, so this process gives up, before it reads
the first pair, what it does not need: writing files, starting programs, the network. That is a second fence, not the
first: Math-Verify hands only digits and signs to sympy's evaluating parser, and the environment holds no keys.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any

_MEMORY = 3 * 2**30  # bytes of address space
_FORBIDDEN = (
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.kill", "os.remove", "os.rename",
    "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate", "subprocess.",
    "socket.", "shutil.", "pty.", "ctypes.", "webbrowser.", "urllib.", "signal.", "mmap.",
)  # fmt: skip


def main() -> None:
    """Serve until standard input ends."""
    replies = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # nothing that a library prints may look like a verdict
    sys.dont_write_bytecode = True
    _die_with_parent()
    from mathagent.grading.compare import compare
    from mathagent.grading.second import second_opinion
    from mathagent.grading.symbolic import algebra

    compare(r"\frac{\sqrt{3}}{2}", "sqrt(3)*0.5", algebra)  # builds the parser's tables
    _give_up_powers()
    replies.write('{"ready": true}\n')
    for line in sys.stdin:
        job: dict[str, Any] = json.loads(line)
        replies.write('{"taken": true}\n')  # from here on a death may be the pair's doing
        _limit_cpu(float(job["timeout"]))
        reply: dict[str, Any]
        try:
            pair = job["answer"], job["gold"]
            outcome = second_opinion(*pair) if job.get("by") == "math-verify" else compare(*pair, algebra)
            assert outcome is not None
            reply = {"equal": outcome.equal, "detail": outcome.detail}
        except (Exception, RecursionError, MemoryError) as error:
            reply = {"error": f"{type(error).__name__}: {error}"[:200]}
        replies.write(json.dumps(reply) + "\n")


def _die_with_parent() -> None:
    if sys.platform == "linux":
        death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)


def _give_up_powers() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_refuse)


def _limit_cpu(timeout: float) -> None:
    """End an orphan in time even where nobody is left to kill it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime + timeout) + 5
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _refuse(event: str, details: tuple[Any, ...]) -> None:
    if event == "open":
        mode, flags = details[1], details[2]
        writing = isinstance(mode, str) and any(char in mode for char in "wax+")
        if writing or (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
            raise PermissionError("the grading process writes no files")
    elif event.startswith(_FORBIDDEN):
        raise PermissionError(f"the grading process does not do {event}")


if __name__ == "__main__":
    main()
