"""Recordings of tool-using model runs, and where in one a half-finished reply stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

# How an output block looks inside the assistant's text; the group of models decides (here: fenced markdown).
FENCED_OUTPUT = r"```output[^\n]*\n(?:.*?\n)??```(?![^\n]*\S)"


@dataclass(frozen=True)
class Recording:
    """One recorded run.

    problem: the text by which a request is recognised; it occurs in one of the request's user messages.
    said: what the model said between tool outputs, in order, one more than `outputs`.
    outputs: the tool's output blocks as recorded, with their fences. Interleaved with `said` they give back the
        recorded text exactly.
    output_block: regex (DOTALL) of an output block inside assistant text, to count the rounds of a request.
    turns: each output is a turn of its own, so that what is said ends before it (where it is not empty).
    opening: what stands between the problem and the reply in a rendered prompt (the end of the user's turn, the
        start of the assistant's); None where only chat requests are played, or any text may stand there.
    source: where it is from, for messages: "file:line".
    answer: the recorded final answer, "" where there is none.
    """

    problem: str
    said: tuple[str, ...]
    outputs: tuple[str, ...]
    output_block: str = FENCED_OUTPUT
    turns: bool = False
    opening: str | None = None
    source: str = ""
    answer: str = ""

    def __post_init__(self) -> None:
        if len(self.said) != len(self.outputs) + 1:
            raise ValueError(f"{len(self.said)} texts around {len(self.outputs)} outputs in {self.source}")

    @property
    def text(self) -> str:
        """The whole recorded reply: with outputs that are turns, all of them in a row."""
        return "".join(piece for pair in zip(self.said, (*self.outputs, ""), strict=True) for piece in pair)

    def _from(self, round_: int) -> str:
        pieces = [self.said[round_]] if round_ < len(self.said) else []
        for output, said in zip(self.outputs[round_:], self.said[round_ + 1 :], strict=True):
            if self.turns and output:
                break
            pieces += [output, said]
        return "".join(pieces)

    def rest(self, conversation: Conversation) -> tuple[str, bool]:
        """What the model would say next, and whether the conversation so far is exactly what it had said.

        The round is the number of output blocks so far; the place in it is found by the text after the last block.
        The outputs themselves need not be the recorded ones. Left alone, the model goes on and invents the recorded
        output, as models do: the request's stop strings are there to prevent it.
        """
        blocks = list(re.finditer(self.output_block, conversation.so_far, re.DOTALL))
        tail = conversation.so_far[blocks[-1].end() :] if blocks else conversation.so_far
        script = self._from(min(len(blocks) + conversation.turns, len(self.said)))
        said, expected = tail.lstrip(), script.lstrip()
        if not said:  # what begins the script may stand there already: the newline after a block
            space = script[: len(script) - len(expected)]
            there = next(n for n in range(len(space), -1, -1) if tail.endswith(space[:n]))
            return script[there:], True
        if expected.startswith(said):
            return expected[len(said) :], True
        # Something else stands before it (a template's marks, a notice): go on after the longest overlap.
        for length in range(min(len(tail), len(expected)), 0, -1):
            if tail.endswith(expected[:length]):
                return expected[length:], False
        return expected, False


@dataclass(frozen=True)
class Conversation:
    """The part of a request that the model itself has produced.

    problem_text: the message (or prompt) in which the problem stands.
    so_far: the assistant's text since the last message that was not the assistant's.
    turns: tool, environment or user messages after the problem's message: outputs handed back as turns.
    """

    problem_text: str
    so_far: str = ""
    turns: int = 0


@dataclass
class Library:
    """All recordings of a server, found by the problem's text; several runs of one problem are its samples."""

    recordings: Sequence[Recording]
    _by_problem: dict[str, list[Recording]] = field(default_factory=dict)
    _served: dict[str, int] = field(default_factory=dict)
    _openings: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for recording in self.recordings:
            self._by_problem.setdefault(recording.problem.strip(), []).append(recording)
        self._problem_in = lru_cache(maxsize=4096)(self._search)
        self._openings = {
            (each.problem.strip(), each.opening) for each in self.recordings if each.opening is not None
        }

    def _search(self, text: str) -> str | None:
        if text.strip() in self._by_problem:
            return text.strip()
        # Worked examples may stand before the problem, and its own text may come again in the code's comments:
        # the problem is the one whose first occurrence is last.
        found = {problem: text.find(problem) for problem in self._by_problem if problem in text}
        return max(found, key=lambda problem: (found[problem], len(problem))) if found else None

    def read_chat(self, messages: Sequence[dict[str, str]]) -> Conversation | None:
        """Find the problem in the messages, the last user message first."""
        for at in range(len(messages) - 1, -1, -1):
            if messages[at]["role"] == "user" and self._problem_in(messages[at]["content"] or ""):
                after = messages[at + 1 :]
                others = [i for i, message in enumerate(after) if message["role"] != "assistant"]
                mine = after[others[-1] + 1 :] if others else after
                so_far = "".join(message["content"] or "" for message in mine)
                return Conversation(messages[at]["content"], so_far, len(others))
        return None

    def read_prompt(self, prompt: str) -> Conversation | None:
        """Find the problem in a rendered prompt; what follows it, and its opening, is the assistant's text."""
        opened = [
            (prompt.find(problem + opening), problem, opening)
            for problem, opening in self._openings
            if problem in prompt and problem + opening in prompt
        ]
        if opened:
            at, problem, opening = max(opened)
            return Conversation(problem, prompt[at + len(problem + opening) :])
        found = self._problem_in(prompt)
        if found is None:
            return None
        return Conversation(found, prompt[prompt.find(found) + len(found) :])

    def next_text(self, conversation: Conversation, seed: int | None) -> tuple[str, bool]:
        """What the model says next, and whether the conversation so far matched exactly. A seed names the sample."""
        problem = self._problem_in(conversation.problem_text)
        runs = self._by_problem[problem or ""]
        if seed is not None or len(runs) == 1:
            return runs[(seed or 0) % len(runs)].rest(conversation)
        if not conversation.so_far and not conversation.turns:
            turn = self._served.get(problem or "", 0)
            self._served[problem or ""] = turn + 1
            return runs[turn % len(runs)].rest(conversation)
        rests = [run.rest(conversation) for run in runs]
        return next((rest for rest in rests if rest[1]), rests[0])
