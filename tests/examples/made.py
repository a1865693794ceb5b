"""Traces of solutions, from short descriptions: text, code and outputs in turn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kernels_sandbox import CellResult
from mathagent.answers import final_answer
from mathagent.events import Answer, CodeBlock, Event, Execution, Finish, Request, Started, Text
from mathagent.protocols import Block, protocol
from mathagent.trace import Trace
from mathagent.trace.schema import GradeRecord
from mathagent.types import Message, ModelInfo, TokenUsage
from tests.collection.made import write_run
from tests.trace.conftest import make_recorder

SYSTEM, EXAMPLE = "You solve problems.", ("What is 1 + 1?", "It is \\boxed{2}.")


def solution(*pieces: str, problem: str = "What is 6 * 7?", wire: str = "markdown", **about: Any) -> Trace:
    """A solve: text, code, output, text, code, output, ..., text. about: fields of the trace, gold, tokens."""
    recorder = make_recorder(problem)
    messages = (
        Message("system", SYSTEM),
        Message("user", EXAMPLE[0]),
        Message("assistant", EXAMPLE[1]),
        Message("user", problem),
    )
    recorder.take(Started(ModelInfo("m", 4096, "vllm", True), messages, 4096))
    events: list[Event] = []
    for place, piece in enumerate(pieces):
        index = place // 3
        if place % 3 == 0 and piece:
            kind = "thinking" if piece.startswith("<think>") else "text"
            events.append(Text(piece, "", kind))
        elif place % 3 == 1:
            raw = f"```python\n{piece}\n```\n"
            events.append(CodeBlock(index, f"{piece}\n", raw))
        elif place % 3 == 2:
            block = Block("", f"```python\n{pieces[place - 1]}\n```\n", pieces[place - 1], "", True)
            shown = protocol(wire).output(block, piece, left=3)
            events.append(Execution(index, CellResult("ok", result=piece, seconds=0.01), piece, shown))
    answer = final_answer([piece for piece in pieces[::3]])
    events.append(Request(TokenUsage(10, about.pop("tokens", 20), 0), 0.1, 0.1, "stop", None))
    if answer is not None:
        events.append(Answer(answer))
    for event in (*events, Finish("answer" if answer else "no_answer", "")):
        recorder.take(event)
    trace = recorder.trace()
    trace.protocol = wire
    trace.problem.id, trace.sample = about.pop("id", "p"), about.pop("sample", 0)
    if (gold := about.pop("gold", "42")) is not None:
        verdict = "correct" if answer == gold else "wrong"
        trace.grade = GradeRecord(verdict=verdict, gold=gold, detail="by hand", seconds=0)
    return trace.model_copy(update=about)


RIGHT = ("I multiply.\n", "print(6 * 7)", "42", "So it is \\boxed{42}.")
WRONG = ("I add.\n", "print(6 + 7)", "13", "So it is \\boxed{13}.")


def run_of(folder: Path, traces: Sequence[Trace], **settings: Any) -> Path:
    """A finished run of them."""
    return write_run(folder, traces, role="solve", **settings)
