"""`Grader`: grading in processes of its own, with a hard deadline for each answer."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from mathagent.errors import GradingError
from mathagent.grading.bounds import MAX_CHARS, find_excess
from mathagent.grading.compare import Outcome, compare
from mathagent.grading.grade import Grade, Verdict
from mathagent.grading.prose import stated

_AT_ONCE = 400  # characters that are compared in this process; more may hold too many parts for it
_PACKAGE_ROOT = Path(__file__).parents[2]


class Grader:
    """Grades answers; an asynchronous context manager that leaves no process behind.

    Plain numbers, words and choices are compared at once in this process, by exact and bounded arithmetic. The rest
    goes to a worker process, which is killed (SIGKILL) at the deadline and replaced.

    Args:
        workers: grading processes at most; they start when first needed.
        start_timeout: seconds a process may take to start (it imports sympy).
    """

    def __init__(self, workers: int = 1, *, start_timeout: float = 60.0) -> None:
        if workers < 1:
            raise ValueError("workers must be at least 1")
        self._start_timeout = start_timeout
        self._idle: asyncio.LifoQueue[_Worker | None] = asyncio.LifoQueue()
        self._alive: set[_Worker] = set()
        for _ in range(workers):
            self._idle.put_nowait(None)

    async def __aenter__(self) -> Grader:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Kill the processes and wait for their end."""
        await asyncio.gather(*(worker.kill() for worker in self._alive))
        self._alive.clear()

    async def grade(self, answer: str, gold: str, timeout: float = 5.0) -> Grade:
        """Say whether `answer` is equivalent to `gold`, both LaTeX or plain text, boxed or not, or in a sentence.

        Args:
            answer: what the model answered.
            gold: the known answer.
            timeout: seconds the comparison may take, without the start of the process; then it is "undecided".

        Raises:
            GradingError: the grading process cannot be started at all.
        """
        begun = time.monotonic()
        said = _shorten(answer)
        if (refused := _refuse(said, gold)) is not None:
            return Grade("undecided", answer, gold, refused, time.monotonic() - begun)
        outcome = None
        try:
            if len(said) + len(gold) <= _AT_ONCE:
                outcome = compare(said, gold)
        except (ArithmeticError, LookupError, ValueError, TypeError, RecursionError) as error:
            return Grade(
                "undecided", answer, gold, f"the grader failed: {error!r}"[:200], time.monotonic() - begun
            )
        if outcome is not None:
            return _grade(outcome, answer, gold, time.monotonic() - begun)
        return await self._ask(answer, gold, said, timeout, "mathagent")

    async def grade_many(self, pairs: Iterable[tuple[str, str]], timeout: float = 5.0) -> list[Grade]:
        """Grade many (answer, gold) at once, on as many processes as there are; the grades come in their order."""
        return list(await asyncio.gather(*(self.grade(answer, gold, timeout) for answer, gold in pairs)))

    async def second_opinion(self, answer: str, gold: str, timeout: float = 5.0) -> Grade:
        """What Math-Verify says with its defaults, and none of our own rules; see `grade` for arguments and errors."""
        said = _shorten(answer)
        if (refused := _refuse(said, gold)) is not None:
            return Grade("undecided", answer, gold, refused, 0.0)
        return await self._ask(answer, gold, said, timeout, "math-verify")

    async def _ask(self, answer: str, gold: str, said: str, timeout: float, by: str) -> Grade:
        """Have a process compare `said`, what is said in the answer, with the gold."""
        begun = time.monotonic()
        worker = await self._idle.get()
        try:
            result: Outcome | str | None = None
            while result is None:  # an idle process may have been killed: the pair had no part in that
                if worker is None or not worker.running:
                    worker = await self._replace(worker)
                begun = time.monotonic()
                result = await worker.ask(said, gold, timeout, by)
        finally:
            if worker is not None and not worker.idle:
                await asyncio.shield(self._drop(worker))
                worker = None
            self._idle.put_nowait(worker)
        seconds = time.monotonic() - begun
        if isinstance(result, Outcome):
            return _grade(result, answer, gold, seconds)
        return Grade("undecided", answer, gold, result, seconds)

    async def _replace(self, dead: _Worker | None) -> _Worker:
        if dead is not None:
            self._alive.discard(dead)
        worker = _Worker()
        self._alive.add(worker)
        try:
            await worker.start(self._start_timeout)
        except BaseException:
            await asyncio.shield(self._drop(worker))
            raise
        return worker

    async def _drop(self, worker: _Worker) -> None:
        await worker.kill()
        self._alive.discard(worker)


def _shorten(answer: str) -> str:
    """A whole reply may stand for an answer: then what it states, which is short."""
    if len(answer) <= MAX_CHARS:
        return answer
    shorter = answer.strip()
    return shorter if len(shorter) <= MAX_CHARS else stated(shorter) or shorter


def _refuse(answer: str, gold: str) -> str | None:
    """Why the two are not compared at all; None if they are."""
    for whose, text in (("answer", answer), ("known answer", gold)):
        if (excess := find_excess(text)) is not None and answer.strip() != gold.strip():
            return f"the {whose} is too much to compare: {excess}"
    return None


def _grade(outcome: Outcome, answer: str, gold: str, seconds: float) -> Grade:
    verdict: Verdict = "correct" if outcome.equal else "wrong"
    return Grade(verdict, answer, gold, outcome.detail, seconds)


class _Worker:
    """One grading process. idle: it has answered everything it was asked, and can be asked again."""

    def __init__(self) -> None:
        self.idle = False
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self, limit: float) -> None:
        """Start and wait until it can grade. Raises GradingError."""
        # Nothing of the user's environment: the text it reads is a stranger's.
        environment = {"PATH": os.defpath, "PYTHONPATH": str(_PACKAGE_ROOT), "PYTHONHASHSEED": "0"}
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "mathagent.grading.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            cwd="/",
            start_new_session=True,  # a Ctrl-C in the terminal is not for it
        )
        try:
            async with asyncio.timeout(limit):
                ready = await self._read()
        except TimeoutError:
            raise GradingError(f"the grading process did not start within {limit:g} s") from None
        if ready is None:
            hint = "python -m mathagent.grading.worker </dev/null shows why"
            raise GradingError("the grading process ended while starting", hint)
        self.idle = True

    async def ask(self, answer: str, gold: str, limit: float, by: str) -> Outcome | str | None:
        """The outcome, or why there is none; None if the process was dead before it took the pair."""
        assert self._process is not None
        assert self._process.stdin is not None
        self.idle = False
        job = json.dumps({"answer": answer, "gold": gold, "timeout": limit, "by": by})
        try:
            async with asyncio.timeout(limit):
                self._process.stdin.write(job.encode() + b"\n")
                await self._process.stdin.drain()
                taken = await self._read()
                reply = await self._read() if taken else None
        except TimeoutError:
            return f"not decided within {limit:g} s"
        except (BrokenPipeError, ConnectionResetError):
            taken = None
        if taken is None:
            await self._process.wait()
            return None
        if reply is None:
            return f"the grading process died (exit status {await self._process.wait()})"
        self.idle = True
        if "error" in reply:
            return f"the grader failed: {reply['error']}"
        return Outcome(bool(reply["equal"]), str(reply["detail"]))

    async def _read(self) -> dict[str, Any] | None:
        assert self._process is not None
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        return dict(json.loads(line)) if line.endswith(b"\n") else None

    async def kill(self) -> None:
        """End it, whatever it does, and wait for its end."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
