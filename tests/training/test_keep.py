"""Rejection sampling: what becomes an example, what does not and why; and the commands of the recipe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mathagent.trace import Trace
from mathagent.trace.schema import CodeStep, OutputStep, TextStep
from mathagent.training.example import read_examples, write_examples
from mathagent.training.keep import kept
from mathagent.training.ledger import Ledger
from mathagent.training.overlaps import Evaluation
from tests.cli.program import Program
from tests.collection.made import solved, write_run
from tests.training.made import GSM8K

CODE = "total = 6 * 7\nprint(total)\n"


def trace(problem: str = "p", sample: int = 0, code: str = CODE, shown: str = "42", **about: Any) -> Trace:
    """A trace with one block, its output, and the boxed answer 42."""
    made = solved(problem, sample, **about)
    for step in made.steps:
        if isinstance(step, TextStep):
            step.reasoning = ""
        if isinstance(step, CodeStep):
            step.code, step.raw = code, f"```python\n{code}```\n"
        if isinstance(step, OutputStep):
            step.shown, step.raw = shown, f"```output\n{shown}\n```\n"
            step.result = {"status": "ok"}
    return made


def test_what_is_right_and_calculated_is_kept_once() -> None:
    ledger = Ledger("keep", {})
    renamed = trace(sample=1, code=CODE.replace("total", "product"))
    other = trace(sample=2, code="print(sum([6] * 7))\n")
    third = trace(sample=3, code="print(7 * 6)\n")
    examples = kept([trace(), renamed, other, third], Evaluation(), ledger)
    assert [example.id for example in examples] == ["made/p/0", "made/p/2"]
    assert "".join(text for _, text in examples[0].reply) == trace().reply
    assert ("kernel", "```output\n42\n```\n") in examples[0].reply
    assert ledger.record()["counts"]["made"] == {
        "kept": 2,
        "dropped": {"the same calculation twice": 1, "more than 2 of a problem": 1},
    }


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (trace(gold="41"), "not known to be right"),
        (trace(shown="41"), "its code did not print the answer"),
        (trace(code="print(42)\n"), "its code did not calculate"),
        (trace(code="print(4"), "its code did not calculate"),
    ],
)
def test_what_is_not_kept_says_why(refused: Trace, reason: str) -> None:
    ledger = Ledger("keep", {})
    assert kept([refused], Evaluation(), ledger) == []
    assert ledger.record()["counts"]["made"]["dropped"] == {reason: 1}


def test_the_stages_on_the_command_line(tmp_path: Path) -> None:
    program = Program(tmp_path)
    gsm8k, data, run = tmp_path / "gsm8k.jsonl", tmp_path / "data.jsonl", tmp_path / "run"
    gsm8k.write_text("".join(json.dumps(row) + "\n" for row in GSM8K))
    stories = tmp_path / "stories.jsonl"
    assert program.call("train", "stories", "-n", "5", "-o", str(stories)).out == f"{stories}\n"
    assert len({json.loads(line)["problem"] for line in stories.read_text().splitlines()}) == 5
    shown = program.call("data", "show", str(stories), "--json")
    assert json.loads(shown.out.splitlines()[0])["expected_answer"]

    built = program.call(
        "train", "build", "--gsm8k", str(gsm8k), "--stories", "5", "--against", str(stories), "-o", str(data)
    )
    assert built.code == 0, built.err
    ledger = json.loads((tmp_path / "data.ledger.json").read_text())
    grammar = ledger["counts"]["grammar"]
    assert grammar["kept"] + sum(grammar["dropped"].values()) == 5
    assert len(read_examples(data)) == sum(each["kept"] for each in ledger["counts"].values())
    assert f"grammar: {grammar['kept']} kept" in built.err

    write_run(run, [trace(), trace("q", gold="1", answer="2")])
    done = program.call("train", "keep", str(run), "-o", str(tmp_path / "kept.jsonl"))
    assert done.code == 0, done.err
    assert "name those that you will measure on" in done.err
    assert "made: 1 kept; dropped: 1 not known to be right" in done.err
    assert [example.problem for example in read_examples(tmp_path / "kept.jsonl")] == [trace().problem.text]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "--gsm8k", "nothing.jsonl", "-o", "x"), "can't read nothing.jsonl"),
        (("build", "--against", "nothing", "-o", "x"), "nothing"),
        (("tune", "nothing.jsonl", "--model", ".", "-o", "x"), "can't read nothing.jsonl"),
        (
            ("build", "--at-most", "gsm8k", "-o", "x"),
            "--at-most 'gsm8k' is not SOURCE=N (a source is one of gsm8k,",
        ),
        (("build", "--at-most", "mawps=5", "-o", "x"), "--at-most 'mawps=5' is not SOURCE=N"),
        (("build", "--stories", "1", "-o", "nowhere/x"), "nowhere/x.partial: No such file or directory"),
        (("tune", "good.jsonl", "--model", ".", "--start", "nowhere", "-o", "x"), "nowhere holds no adapter"),
        (("tune", "/dev/null", "--model", ".", "-o", "x"), "no examples in /dev/null"),
        (("keep", "nothing", "-o", "x"), "there is no trace file"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    write_examples(tmp_path / "good.jsonl", kept([trace()], Evaluation(), Ledger("keep", {})))
    ended = Program(tmp_path).call("train", *arguments)
    assert ended.code in (2, 3)
    assert len(ended.complaints) == 1
    assert "Traceback" not in ended.err
    assert said in ended.complaints[0]
