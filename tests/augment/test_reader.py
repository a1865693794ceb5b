"""A reply read as a new problem: what is taken, and every reason for which one is not."""

from __future__ import annotations

import pytest

from mathagent.augment.agreement import agreement
from mathagent.augment.reader import read_problem
from mathagent.augment.ways import WAYS, read_ways
from mathagent.data import Problem
from mathagent.errors import UsageError
from mathagent.events import Finish, Started, Text
from mathagent.trace import Trace
from mathagent.types import Message, ModelInfo
from tests.run.stored import failed, row, samples
from tests.trace.conftest import make_recorder

SOURCE = Problem(
    id="s",
    text="A shop had 90 loaves and sold 36 of them in the morning. How many loaves are left?",
    gold="54",
)
OTHER = "After selling 36 loaves before lunch, how many of her 90 loaves does a baker keep?"


def reply(*said: Text | str, tagged: bool = False, reason: str = "no_answer") -> Trace:
    recorder = make_recorder()
    prompt = "Between <problem> and </problem>." if tagged else "Again."
    recorder.take(Started(ModelInfo("m", 4096, "vllm", True), (Message("user", prompt),), 4096))
    for piece in said:
        recorder.take(Text(piece) if isinstance(piece, str) else piece)
    recorder.take(Finish(reason, ""))
    return recorder.trace()


@pytest.mark.parametrize(
    ("said", "tagged", "text"),
    [
        (OTHER, False, OTHER),
        (f"\n\n{OTHER}\n", False, OTHER),
        (f"New problem: {OTHER}", False, OTHER),
        (f"**Rephrased problem:**\n{OTHER}", False, OTHER),
        (f"Sure! Here is another way to say it:\n\n{OTHER}", False, OTHER),
        (f"新题目：{OTHER}", False, OTHER),
        (f"<problem>\n{OTHER}\n</problem>", True, OTHER),
        (f"Well. <problem>{OTHER}</problem> The answer is 54.", True, OTHER),
        (f"<problem>{OTHER}</problem><problem>{OTHER}</problem>", True, OTHER),
    ],
)
def test_what_is_read(said: str, tagged: bool, text: str) -> None:
    found = read_problem(reply(said, tagged=tagged), SOURCE, WAYS["rephrase"])
    assert (found.fault, found.text, found.expected) == ("", text, "54")


@pytest.mark.parametrize(
    ("said", "tagged", "way", "fault"),
    [
        ("", False, "similar", "unreadable"),
        (OTHER, True, "similar", "unreadable"),
        (f"<problem>{OTHER}", True, "similar", "unreadable"),
        (f"<problem>{OTHER}</problem> or <problem>{OTHER} Or 7?</problem>", True, "similar", "unreadable"),
        ("How many?", False, "similar", "too short"),
        (f"{OTHER} {'Go on and on. ' * 50}", False, "similar", "too long"),
        (f"{OTHER}\nAnswer: 54", False, "rephrase", "answer leaked"),
        (f"{OTHER} So \\boxed{{54}}.", False, "rephrase", "answer leaked"),
        (f"{OTHER} The answer is 54.", False, "rephrase", "answer leaked"),
        ("A shop had ninety loaves, and it sold thirty-six.", False, "rephrase", "no question"),
        (SOURCE.text.replace("loaves and", "loaves , and"), False, "similar", "unchanged"),
        (OTHER, False, "numbers", "numbers unchanged"),
        (OTHER.replace("90", "91"), False, "fractions", "no fraction"),
        (OTHER, False, "statement", "no unknown"),
        (OTHER.replace("36", "x"), False, "statement", "answer not given"),
        (f"{OTHER.replace('36', 'x').replace('90', 'x')} It is 54.", False, "backward", "not one unknown"),
        (f"{OTHER.replace('loaves', 'x')} It is 54.", False, "backward", "not one unknown"),
    ],
)
def test_what_is_not_read(said: str, tagged: bool, way: str, fault: str) -> None:
    assert read_problem(reply(said, tagged=tagged), SOURCE, WAYS[way]).fault == fault


@pytest.mark.parametrize(
    ("way", "said", "expected"),
    [
        ("similar", OTHER, None),
        ("numbers", OTHER.replace("36", "37"), None),
        ("fractions", OTHER.replace("36", "40%"), None),
        ("fractions", OTHER.replace("36 loaves", "$\\frac{2}{5}$ of them"), None),
        ("backward", f"{OTHER.replace('36', 'x')} If we know that the answer is 54, what is x?", "36"),
        ("statement", "A shop had x loaves and sold 36; then 54 were left. What is the value of x?", "90"),
    ],
)
def test_the_answer_that_is_known(way: str, said: str, expected: str | None) -> None:
    found = read_problem(reply(said), SOURCE, WAYS[way])
    assert (found.fault, found.expected) == ("", expected)


def test_replies_that_did_not_end() -> None:
    assert read_problem(reply(OTHER, reason="token_limit"), SOURCE, WAYS["similar"]).fault == "cut off"
    assert read_problem(reply(OTHER, reason="model_error"), SOURCE, WAYS["similar"]).fault == "failed"


def test_thinking_is_no_problem() -> None:
    thought = Text("<think>How many? New problem: no</think>", "", "thinking")
    assert read_problem(reply(thought, OTHER), SOURCE, WAYS["rephrase"]).text == OTHER


def test_agreement() -> None:
    found = agreement(samples("a", ["7", "7", "7", "8"], gold="7"), 0.75)
    assert (found.fault, found.answer, found.share, found.samples) == ("", "7", 0.75, (0, 1, 2))
    assert agreement(samples("a", ["7", "7", "8", "8"], gold="7"), 0.5).fault == "disagreement"
    assert agreement(samples("a", ["7", "7", "8", None], gold="7"), 0.6).fault == "disagreement"
    assert agreement(samples("a", ["8", "8"], gold="7"), 0.5).fault == "other answer"
    assert agreement([row("a", 0, "8", "7", verdict="undecided")], 0.5).fault == "undecided"
    assert agreement(samples("a", [None, None]), 0.5).fault == "no answer"
    assert agreement([failed("a"), failed("a", 1)], 0.5).fault == "failed"
    assert agreement([failed("a"), *samples("a", ["7"], gold="7")], 1.0).fault == ""


def test_ways_by_name() -> None:
    assert [way.name for way in read_ways("numbers, rephrase,numbers")] == ["numbers", "rephrase"]
    assert len(read_ways(None)) == 7
    for text in ("", "twice", "numbers,twice"):
        with pytest.raises(UsageError, match="--ways"):
            read_ways(text)
