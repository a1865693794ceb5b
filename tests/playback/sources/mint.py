"""MINT: code in `<execute>`, observations as user turns, the answer in `<solution>`; and how models drift from it.

A run of ours ends at the first proposed solution; MINT went on after a wrong one, and its replies to text without code
or solution ("I don't understand your input") are no turns of ours. Where a message has code and a solution, MINT took
the solution and ran nothing; here the code is run, and the rest of the message is what the model says then. Where a
message has several blocks, MINT ran them as one; here the first is run, and the rest of the message is discarded.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mathagent.answers import boxed
from tests.playback.records import Record, rows
from tests.replay.recording import Recording

_EXECUTE = re.compile(r"<execute>(.*?)(?:</execute>|\Z)", re.DOTALL)
_FENCED = re.compile(r"```python\n(.*?)(?:```|\Z)", re.DOTALL)  # what Eurus was asked for
_SOLUTION = re.compile(r"<solution>(.*?)</solution>", re.DOTALL)
_OBSERVATION = re.compile(r"Observation:\n(.*?)\n?You have \d+ steps? left and .*", re.DOTALL)
_NOT_UNDERSTOOD = "I don't understand your input"
_WRONG = "Your answer is wrong"
_MADE_UP = re.compile(
    r"(<llm-code>\n?(.*?)(?:</llm-code>|\Z))((?:\s*<llm-code-output>\n?(.*?)\n?(?:</llm-code-output>|\Z))?)",
    re.DOTALL,
)


def load(file: Path) -> list[Record]:
    """Runs of a model that was told to write `<execute>`."""
    return [_record(source, row, _EXECUTE) for source, row in rows(file)]


def load_fenced(file: Path) -> list[Record]:
    """Runs of Eurus, which was told to write ```python fences in place of `<execute>`."""
    return [_record(source, row, _FENCED) for source, row in rows(file)]


def load_made_up(file: Path) -> list[Record]:
    """OpenMath-Mistral, which wrote the tags it was trained with, and the outputs itself: its first message."""
    records = []
    for source, row in rows(file):
        text = row["state"]["history"][1]["content"]
        said, turns, codes, outputs, at = [], [], [], [], 0
        for match in _MADE_UP.finditer(text):
            said.append(text[at : match.end(1)])
            codes.append(match[2])
            turns.append(match[3])
            outputs.append(match[4])
            at = match.end()
        recording = Recording(
            row["task"]["prompt"].strip(),
            (*said, text[at:]),
            tuple(turns),
            output_block=r"\s*<llm-code-output>.*?</llm-code-output>",
            source=source,
        )
        answer, gold = (boxed(text) or [""])[-1], str(row["task"]["reference"])
        records.append(Record(source, recording, tuple(codes), tuple(outputs), answer, gold, made_up=True))
    return records


def _record(source: str, row: dict[str, Any], code: re.Pattern[str]) -> Record:
    history = row["state"]["history"][1:]
    reading = _Reading()
    answer, right, cut = "", None, ""
    for number, message in enumerate(history):
        if message["role"] != "assistant":
            continue
        text = message["content"]
        reply = history[number + 1]["content"] if number + 1 < len(history) else ""
        if solution := _SOLUTION.search(text):
            reading.all_blocks(text, code)
            answer = solution[1].strip()
            right = _WRONG not in reply and bool(row["state"]["success"])
            cut = "MINT asked again after a wrong solution" if reply else ""
            break
        if not reading.first_block(text, code, reply):
            cut = "MINT asked again after text without code or solution" if reply else ""
            break
    problem, reference = row["task"]["prompt"].strip(), str(row["task"]["reference"])
    return reading.record(source, problem, answer=answer, gold=reference, right=right, cut=cut)


class _Reading:
    """What was said and run so far."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.codes: list[str] = []
        self.turns: list[str] = []
        self.outputs: list[str | None] = []

    def all_blocks(self, text: str, code: re.Pattern[str]) -> None:
        """A message that MINT took as an answer: every block of it would run here."""
        at = 0
        for match in code.finditer(text):
            self._block(text[at : match.end()], match[1], "", None)
            at = match.end()
        self.said.append(text[at:])

    def first_block(self, text: str, code: re.Pattern[str], reply: str) -> bool:
        """A message with code; false if it has none."""
        blocks = [block for block in code.findall(text) if block.strip()]
        if not blocks:
            self.said.append(text)
            return False
        observed = _OBSERVATION.fullmatch(reply)
        alone = observed is not None and _NOT_UNDERSTOOD not in reply and len(blocks) == 1
        self._block(text, blocks[0], reply, _printed(observed[1]) if observed and alone else None)
        return True

    def _block(self, said: str, code: str, turn: str, printed: str | None) -> None:
        self.said.append(said)
        self.codes.append(code)
        self.turns.append(turn)
        self.outputs.append(printed)

    def record(
        self, source: str, problem: str, *, answer: str, gold: str, right: bool | None, cut: str
    ) -> Record:
        """All of it as a record."""
        if len(self.said) == len(self.turns):
            self.said.append("")  # the last code was the last step
        recording = Recording(problem, tuple(self.said), tuple(self.turns), turns=True, source=source)
        return Record(source, recording, tuple(self.codes), tuple(self.outputs), answer, gold, right, cut=cut)


def _printed(observation: str) -> str:
    """What the code printed: MINT shows the value of a last line as IPython's prompt does."""
    text = observation.rstrip("\n")
    if text == "[Executed Successfully with No Output]":
        return ""
    return re.sub(r"^Out\[\d+\]: ?(?:\n)?", "", text, flags=re.MULTILINE)
