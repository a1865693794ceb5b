"""How far a run is: counters that the runner keeps, and that a terminal, a log and `mathagent status` read."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from mathagent.run.rows import Row

_WINDOW = 30.0  # seconds over which tokens a second are averaged


@dataclass(slots=True)
class Progress:
    """Counters of trajectories, of this process and of earlier ones unless said.

    total: asked for. done: finished; those whose vote was decided are not counted. correct, wrong, undecided,
    unanswered: of those finished; wrong ones gave an answer. errors: the server or the sandbox failed.
    graded: finished with a verdict, or without an answer where one is known.
    running: under way. kernels: held. waiting: not begun and still needed.
    dropped: never begun, stopped: ended early, because their vote was decided.
    retries: times that a server failed for now, tokens: written by models, fresh: finished, all in this process.
    """

    total: int
    done: int = 0
    correct: int = 0
    wrong: int = 0
    undecided: int = 0
    unanswered: int = 0
    errors: int = 0
    running: int = 0
    kernels: int = 0
    waiting: int = 0
    dropped: int = 0
    stopped: int = 0
    graded: int = 0
    retries: int = 0
    tokens: int = 0
    fresh: int = 0
    began: float = field(default_factory=time.monotonic)
    _recent: deque[tuple[float, int]] = field(default_factory=deque)

    def finished(self, row: Row, *, fresh: bool) -> None:
        """Count a finished trajectory; `fresh` if it ended in this process."""
        if row.stopped is not None:
            self.stopped += 1
            return
        self.done += 1
        self.fresh += fresh
        self.graded += row.error is None and row.verdict != "ungraded"
        if row.error is not None:
            self.errors += 1
        elif row.predicted_answer is None:
            self.unanswered += 1
        elif row.verdict == "correct":
            self.correct += 1
        elif row.verdict == "wrong":
            self.wrong += 1
        elif row.verdict == "undecided":
            self.undecided += 1

    def said(self, tokens: int) -> None:
        """Count the tokens of a request."""
        self.tokens += tokens
        self._recent.append((time.monotonic(), tokens))

    @property
    def saved(self) -> int:
        """Samples that their votes could do without."""
        return self.dropped + self.stopped

    @property
    def whole(self) -> bool:
        """Whether nothing is left to do."""
        return self.done + self.saved >= self.total

    @property
    def seconds(self) -> float:
        """Since this process took up the run."""
        return time.monotonic() - self.began

    @property
    def tokens_per_second(self) -> float:
        """Over the last half minute."""
        now = time.monotonic()
        while self._recent and now - self._recent[0][0] > _WINDOW:
            self._recent.popleft()
        return sum(tokens for _, tokens in self._recent) / max(1.0, min(_WINDOW, self.seconds))

    @property
    def accuracy(self) -> float | None:
        """Of those with a verdict, unanswered ones counting as wrong; None before there is any."""
        return self.correct / self.graded if self.graded else None

    @property
    def seconds_left(self) -> float | None:
        """At this process's pace so far; None before anything has finished."""
        if not self.fresh:
            return None
        return self.seconds / self.fresh * (self.waiting + self.running)

    def snapshot(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "total": self.total,
            "done": self.done,
            "correct": self.correct,
            "wrong": self.wrong,
            "undecided": self.undecided,
            "unanswered": self.unanswered,
            "errors": self.errors,
            "running": self.running,
            "kernels": self.kernels,
            "waiting": self.waiting,
            "saved": self.saved,
            "retries": self.retries,
            "tokens": self.tokens,
            "tokens_per_second": round(self.tokens_per_second, 1),
            "accuracy": self.accuracy,
            "seconds": round(self.seconds, 1),
            "seconds_left": None if self.seconds_left is None else round(self.seconds_left, 1),
        }
