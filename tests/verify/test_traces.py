"""Choices wherever traces go: shown, searched, browsed, and in other viewers' forms."""

from __future__ import annotations

from math import log

from rich.console import Console, RenderableType

from mathagent.browser.blocks import blocks_of
from mathagent.collection.atif import trajectory
from mathagent.collection.entry import entry_of, texts_of
from mathagent.collection.turns import turns_of
from mathagent.compare.steps import units_of
from mathagent.events import Answer, Choice, Finish, Request, Started
from mathagent.notebook import notebook_of
from mathagent.trace import Trace
from mathagent.types import Message, ModelInfo, TokenUsage
from mathagent.views.trace import trace_parts
from tests.trace.conftest import make_recorder


def judged() -> Trace:
    """Two steps: the second is wrong, and the model would rather have said something else."""
    recorder = make_recorder()
    for event in (
        Started(ModelInfo("m", 4096, "vllm", True), (Message("user", "Check."),), 4096),
        Request(TokenUsage(10, 1, 0), 0.1, 0.1, "choice", None),
        Choice("Step 1:", (" Yes", " No"), (log(0.8), log(0.1)), (True, True)),
        Request(TokenUsage(14, 1, 8), 0.1, 0.1, "choice", None),
        Choice("\nStep 2:", (" Yes", " No"), (log(0.01), log(0.03)), (False, True)),
        Answer("No"),
        Finish("answer", ""),
    ):
        recorder.take(event)
    return recorder.trace()


def drawn(*parts: RenderableType) -> str:
    console = Console(width=200, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    return capture.get()


def test_they_are_shown_with_their_probabilities() -> None:
    trace = judged()
    text = drawn(*trace_parts(trace))
    assert "Step 1: Yes  Yes 0.8889, No 0.1111\n" in text
    assert (
        "Step 2: No  Yes at most 0.2500, No 0.7500  only 4.0% of the probability is on these options" in text
    )
    blocks = drawn(*(block.body for block in blocks_of(trace, entry_of(0, trace))))
    assert "Step 1: Yes  Yes 0.8889" in blocks


def test_they_are_words_to_whoever_reads_a_trace() -> None:
    trace = judged()
    assert texts_of(trace).prose == trace.reply == "Step 1: Yes\nStep 2: No"
    turns = list(turns_of(trace))
    assert [turn.prose for turn in turns] == ["Step 1: Yes", "\nStep 2: No"]
    assert "".join(turn.raw for turn in turns) == trace.reply
    assert [(unit.kind, unit.text) for unit in units_of(trace)] == [("prose", trace.reply)]
    cells = ["".join(cell["source"]) for cell in notebook_of(trace)["cells"]]
    assert any("Step 1: Yes" in cell and "Step 2: No" in cell for cell in cells)
    assert [step["message"] for step in trajectory(trace)["steps"] if step["source"] == "agent"] == [
        "Step 1: Yes",
        "\nStep 2: No",
    ]
