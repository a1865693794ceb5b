"""The data of the recipe: what is kept, what is dropped and why, and the replies that examples teach."""

from __future__ import annotations

import csv
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kernels_sandbox import KernelPool
from mathagent.data import Problem
from mathagent.errors import DataError
from mathagent.prompts import find_prompt
from mathagent.protocols.markdown import Markdown
from mathagent.training.build import BuildSettings, build, held_out
from mathagent.training.example import Example, Program, read_examples, write_examples
from mathagent.training.overlaps import Evaluation
from mathagent.training.prefix import prefix_program
from mathagent.training.shapes import corrected, in_blocks, numbers
from tests.training.made import GSM8K, PREFIX


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Any]:
    gsm8k, mawps = tmp_path / "gsm8k.jsonl", tmp_path / "mawps.csv"
    rows = [*GSM8K, {"question": "Al has 3 pens. How many?", "answer": "He has 3.\n#### 3"}]
    gsm8k.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with mawps.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["Question", "Numbers", "Equation", "Answer"])
        writer.writeheader()
        for row in PREFIX:
            writer.writerow(
                {
                    "Question": row["question_template"],
                    "Numbers": row["numbers"],
                    "Equation": row["equation_prefix"],
                    "Answer": row["answer"],
                }
            )
    return {"gsm8k": gsm8k, "mawps": mawps}


async def made(settings: BuildSettings, *kept_out: str) -> tuple[list[Example], dict[str, dict[str, object]]]:
    evaluation = Evaluation()
    evaluation.add("test", [Problem(id=text, text=text) for text in kept_out])
    async with KernelPool(warm=1) as pool:
        examples, ledger = await build(settings, evaluation, pool)
    return examples, ledger.record()["counts"]


async def test_the_ledger_says_what_became_of_every_row(sources: dict[str, Any]) -> None:
    settings = BuildSettings(**sources, stories=24, changed=2, seed=5)
    other_numbers = "Ira has 12 pens and 9 cups. She loses 5 pens. How many are left?"
    examples, counts = await made(settings, other_numbers)
    assert counts["gsm8k"] == {"kept": 3, "dropped": {"no calculations": 1}}
    assert counts["mawps-asdiv"] == {"kept": 2, "dropped": {"overlaps with test": 1}}
    assert counts["mawps-asdiv changed"]["dropped"] == {"overlaps with test": 2}
    assert counts["grammar"]["kept"] == 24
    assert len(examples) == sum(int(str(each["kept"])) for each in counts.values())
    again, _ = await made(settings, other_numbers)
    assert again == examples
    assert not any("Ira has" in example.problem for example in examples)


async def test_a_source_has_no_more_examples_than_it_may(sources: dict[str, Any]) -> None:
    limits = {"grammar": 5, "gsm8k": 1, "mawps-asdiv": 99}
    settings = BuildSettings(stories=12, changed=0, at_most=limits, **sources)
    examples, counts = await made(settings)
    assert {source: each["kept"] for source, each in counts.items()} == {
        "grammar": 5,
        "gsm8k": 1,
        "mawps-asdiv": 3,
    }
    assert counts["grammar"]["dropped"] == {"more than 5": 7}
    assert Counter(each.source for each in examples) == {"grammar": 5, "gsm8k": 1, "mawps-asdiv": 3}


async def test_the_own_problems_are_never_trained_on(tmp_path: Path) -> None:
    assert held_out()[0]["answer"] == "72"
    rows = [{"question": row["problem"], "answer": f"<<1+1=2>>\n#### {row['answer']}"} for row in held_out()]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    examples, counts = await made(BuildSettings(gsm8k=path, stories=0, changed=0))
    assert examples == []
    assert counts["gsm8k"]["dropped"] == {"overlaps with held_out": len(rows)}


@pytest.mark.parametrize("clips", ["48", "34"])
async def test_the_problem_of_the_demonstration_is_kept_out_as_gsm8k_words_it(
    tmp_path: Path, clips: str
) -> None:
    """GSM8K's first training problem: the same story and a longer question, and a copy with other numbers."""
    question = (
        f"Natalia sold clips to {clips} of her friends in April, and then she sold half as many clips in May. "
        "How many clips did Natalia sell altogether in April and May?"
    )
    half, total = int(clips) // 2, int(clips) // 2 * 3
    answer = f"<<{clips}/2={half}>>{half} in May, <<{clips}+{half}={total}>>{total} in all.\n#### {total}"
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"question": question, "answer": answer}) + "\n")
    examples, counts = await made(BuildSettings(gsm8k=path, stories=0))
    assert examples == []
    assert counts["gsm8k"] == {"kept": 0, "dropped": {"overlaps with held_out": 1}}


async def test_a_wrong_worked_solution_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        json.dumps({"question": "Al has 3 pens and 5 cups.", "answer": "<<3+5=8>>8\n#### 9"}) + "\n"
    )
    examples, counts = await made(BuildSettings(gsm8k=path, stories=0))
    assert examples == []
    assert counts["gsm8k"]["dropped"] == {"the program gives another answer": 1}


async def test_the_shapes_are_what_the_loop_would_have_made() -> None:
    program = prefix_program(PREFIX[0])
    async with KernelPool(warm=1) as pool:
        blocks = await in_blocks(pool, program)
        mended = await corrected(pool, program, random.Random(1))
        short = Program("x", "made", "?", ("left = 80 - 3", "print(left)"), "77")
        assert await in_blocks(pool, short) is None
    assert blocks is not None
    assert mended is not None
    assert [author for author, _ in blocks.reply] == ["prompt", "model", "kernel", "model", "kernel", "model"]
    assert blocks.reply[2][1] == "```output\n7\n```\n"
    assert "NameError" in mended.reply[2][1]
    assert mended.reply[-2:] == (("kernel", "```output\n25\n```\n"), ("model", "The answer is \\boxed{25}."))
    for example in (blocks, mended):
        rest, found = "", 0
        for author, text in example.reply:  # the protocol finds exactly the blocks that were written
            rest = "" if author == "kernel" else rest + text
            if author == "model" and (block := Markdown().parser().feed(rest)) is not None:
                assert block.rest == ""
                found += 1
        assert found == 2


def test_the_same_problem_with_other_numbers_is_an_augmenters_reply() -> None:
    program = prefix_program(PREFIX[0], change=random.Random(1))
    example = numbers(program)
    assert example is not None
    assert (example.problem, example.mode) == (
        "Ira has 40 pens and 7 cups. She loses 15 pens. How many are left?",
        "numbers",
    )
    assert example.reply == (("model", f"<problem>\n{program.problem}\n</problem>"),)
    (shown,) = [each.content for each in find_prompt("numbers").messages("?") if each.role == "assistant"]
    assert re.fullmatch(r"<problem>\n[^\n]+\n</problem>", shown.strip())  # the form that the prompt asks for
    assert numbers(prefix_program(PREFIX[0])) is None


def test_examples_are_read_as_they_were_written(tmp_path: Path) -> None:
    example = Example("a/1", "a", "2 é?", "2", "tir", "block", (("prompt", "x"), ("model", "y")), ended=False)
    assert write_examples(tmp_path / "x.jsonl", [example]) == 1
    assert read_examples(tmp_path / "x.jsonl") == [example]


async def test_a_source_that_is_not_there_is_an_error_for_a_person(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"can't read .*nothing\.jsonl"):
        await made(BuildSettings(gsm8k=tmp_path / "nothing.jsonl"))
