"""A line of the ledger: one new problem that was asked for, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

ASKED_NO_ANSWER = "no answer known"
KEPT = "kept"


class Entry(BaseModel):
    """One new problem.

    Of where it comes from:
        id: `SOURCE/WAY-SAMPLE`. source: the id of the problem that it was made of. root: of the one that this goes back
        to, over earlier rounds. way: how. prompt, prompt_sha256, trace_id: what the model was asked, and its reply.
    Of what became of it:
        outcome: "kept", or the reason for which it was dropped, one of a few words. detail: more of it, such as the
        problem that it is a copy of. problem: its text. expected_answer: known from the source, or by agreement.
        agreement: the share of the samples that gave the leading answer. samples: those that did.
    Of the work (tokens that models wrote, seconds in the model and in kernels):
        asked_tokens, asked_seconds: to get it. solved_tokens, solved_seconds: to solve it.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    source: str
    root: str
    way: str
    prompt: str = ""
    prompt_sha256: str = ""
    trace_id: str = ""
    outcome: str = KEPT
    detail: str = ""
    problem: str = ""
    expected_answer: str | None = None
    agreement: float | None = None
    samples: list[int] = []
    asked_tokens: int = 0
    asked_seconds: float = 0.0
    solved_tokens: int = 0
    solved_seconds: float = 0.0

    def dropped(self, reason: str, detail: str = "") -> Entry:
        """The entry with a reason."""
        return self.model_copy(update={"outcome": reason, "detail": detail})

    @property
    def kept(self) -> bool:
        """Whether it has not been dropped."""
        return self.outcome == KEPT

    def record(self, data: str, kind: str | None) -> Mapping[str, Any]:
        """The row of `problems.jsonl`, which `mathagent run` reads.

        data: where the source is from. kind: its type.
        """
        return {
            "id": self.id,
            "problem": self.problem,
            "expected_answer": self.expected_answer,
            "source": data,
            "type": kind,
            "way": self.way,
            "made_of": self.source,
            "root": self.root,
            "agreement": self.agreement,
            "trace_id": self.trace_id,
        }
