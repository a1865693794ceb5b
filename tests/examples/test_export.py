"""`mathagent export` of training examples: every form, its masks, filters and pairs, read back by `datasets`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mathagent.protocols.tools import TOOL
from tests.cli.program import Program
from tests.examples.made import EXAMPLE, RIGHT, SYSTEM, WRONG, run_of, solution

FORMS = ("sft", "chat", "sharegpt", "trl-sft", "dpo", "text")
UNUSED = ("It is 42.\n", "print(6 * 7)", "42", "So it is \\boxed{42}.")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    run_of(
        tmp_path / "run",
        [
            solution(*RIGHT),
            solution(*WRONG, sample=1),
            solution(*RIGHT, sample=2),
            solution(*UNUSED, sample=3, tokens=500),
            solution("<think>Hm.</think>", "print(5 * 5)", "25", "\\boxed{25}", id="q", gold="25"),
            solution("No idea.", id="q", sample=1, gold="25"),
        ],
    )
    return Program(tmp_path)


def export(program: Program, form: str, *options: str, run: str = "run") -> list[dict[str, Any]]:
    ended = program.call("export", run, "-f", form, "-o", "out/x.jsonl", *options)
    assert ended.code == 0, ended.err
    return [json.loads(line) for line in (program.home / "out" / "x.jsonl").read_text().splitlines()]


def test_messages_with_tool_turns(program: Program) -> None:
    found = export(program, "trl-sft")
    assert len(found) == 6
    first = found[0]
    assert (first["id"], first["role"], first["tools"]) == ("p#0", "solve", [TOOL])
    system, user, called, output, end = first["messages"]
    assert system == {"role": "system", "content": SYSTEM}
    assert user == {"role": "user", "content": "What is 6 * 7?"}
    assert called["content"] == "I multiply."
    (call,) = called["tool_calls"]
    assert call["function"] == {"name": "python", "arguments": {"code": "print(6 * 7)\n"}}
    assert output == {"role": "tool", "name": "python", "tool_call_id": call["id"], "content": "42"}
    assert end == {"role": "assistant", "content": "So it is \\boxed{42}."}
    thinking = found[4]["messages"][2]
    assert (thinking["content"], thinking["reasoning_content"]) == ("", "Hm.")

    (chat, *_) = export(program, "chat")
    arguments = chat["messages"][2]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments) == {"code": "print(6 * 7)\n"}
    worked = export(program, "chat", "--with-examples")[0]["messages"]
    assert [each["content"] for each in worked[1:3]] == list(EXAMPLE)


def test_a_reply_as_one_message(program: Program) -> None:
    for form in ("chat", "trl-sft"):
        first = export(program, form, "--reply", "text")[0]
        text = export(program, "sft")[0]["completion"]
        assert first["messages"][2:] == [{"role": "assistant", "content": text}]
        assert "tools" not in first
    assert export(program, "dpo", "--reply", "text")[0]["chosen"] == [{"role": "assistant", "content": text}]


def test_sharegpt_turns_alternate(program: Program) -> None:
    for found in export(program, "sharegpt"):
        turns = [turn["from"] for turn in found["conversations"]]
        assert turns[0] == "human"
        assert all(turn in ("human", "observation") for turn in turns[::2])
        assert all(turn == "gpt" for turn in turns[1::2])
        assert found["system"] == SYSTEM
    values = [turn["value"] for turn in export(program, "sharegpt")[0]["conversations"]]
    assert values[1] == "I multiply.\n\n```python\nprint(6 * 7)\n```"
    assert values[2] == "42"


@pytest.mark.parametrize("form", ["sft", "text"])
def test_the_own_text_and_what_is_trained_on(program: Program, form: str) -> None:
    for found in export(program, form):
        text = found["completion" if form == "sft" else "text"]
        spans = found["spans"]
        assert "".join(text[span["start"] : span["end"]] for span in spans) == text
        for span in spans:
            piece = text[span["start"] : span["end"]]
            assert piece.startswith("```output\n") is not span["train"]
    first = export(program, form)[0]
    assert [span["train"] for span in first["spans"]] == [True, False, True]
    assert first["prompt"] == ("What is 6 * 7?" if form == "sft" else [
        {"role": "system", "content": SYSTEM}, {"role": "user", "content": "What is 6 * 7?"}
    ])  # fmt: skip


def test_a_rendered_prompt_is_part_of_the_text(program: Program) -> None:
    run_of(program.home / "icl", [solution(*RIGHT, wire="icl")])
    (found,) = export(program, "text", run="icl")
    assert found["prompt"] == []
    assert found["text"].startswith(f"{SYSTEM}\n\nQuestion: What is 6 * 7?\nAnswer:I multiply.\n```python\n")
    first = found["spans"][0]
    assert (found["text"][: first["end"]][-7:], first["train"]) == ("Answer:", False)


def test_calls_have_no_text(program: Program) -> None:
    run_of(program.home / "calls", [solution(*RIGHT, wire="tools")])
    assert len(export(program, "chat", run="calls")) == 1
    for form in ("sft", "text"):
        ended = program.call("export", "calls", "-f", form, "-o", "x.jsonl")
        assert (ended.code, len(ended.complaints)) == (2, 1)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ((), ["p#0", "p#1", "p#2", "p#3", "q#0", "q#1"]),
        (("--correct-only",), ["p#0", "p#2", "p#3", "q#0"]),
        (("--max-tokens", "499"), ["p#0", "p#1", "p#2", "q#0", "q#1"]),
        (("--code-mattered",), ["p#0", "p#1", "p#2", "q#0"]),
        (("--dedupe",), ["p#0", "p#1", "p#3", "q#0", "q#1"]),
        (("--per-problem", "1"), ["p#0", "q#0"]),
        (("--min-reward", "0.5"), []),
        (("--correct-only", "--code-mattered", "--dedupe", "--max-tokens", "499"), ["p#0", "q#0"]),
    ],
)
def test_filters(program: Program, options: tuple[str, ...], kept: list[str]) -> None:
    assert [found["id"] for found in export(program, "chat", *options)] == kept


def test_the_reasons_are_said(program: Program) -> None:
    command = (
        "export",
        "run",
        "-f",
        "chat",
        "-o",
        "x.jsonl",
        "--correct-only",
        "--dedupe",
        "--code-mattered",
    )
    assert (
        "left out, not correct: 2 left out, duplicate: 1 left out, code did not matter: 1 2 examples in"
        in " ".join(program.call(*command).err.split())
    )


def test_preferences(program: Program) -> None:
    found = export(program, "dpo")
    assert [(each["chosen_id"], each["rejected_id"]) for each in found] == [("p#0", "p#1"), ("q#0", "q#1")]
    assert [each["role"] for each in found[0]["prompt"]] == ["system", "user"]
    assert found[0]["chosen"][-1]["content"] == "So it is \\boxed{42}."
    assert found[0]["rejected"][-1]["content"] == "So it is \\boxed{13}."


def test_preferences_by_score(program: Program) -> None:
    folder = run_of(program.home / "scored", [solution(*RIGHT, sample=n, gold=None) for n in range(4)])
    rows = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    for line, score in zip(rows, (0.2, 0.9, 0.2, 0.5), strict=True):
        line["reward_model_score"] = score
    (folder / "results.jsonl").write_text("".join(json.dumps(line) + "\n" for line in rows))
    assert [each["id"] for each in export(program, "chat", "--min-reward", "0.5", run="scored")] == [
        "p#1",
        "p#3",
    ]
    found = export(program, "dpo", "--pairs", "3", run="scored")
    assert [(each["chosen_id"], each["rejected_id"]) for each in found] == [("p#1", "p#2"), ("p#3", "p#0")]


@pytest.mark.parametrize("form", FORMS)
def test_datasets_reads_it(program: Program, tmp_path: Path, form: str) -> None:
    datasets = pytest.importorskip("datasets")
    number = len(export(program, form))
    table = datasets.Dataset.from_json(str(tmp_path / "out" / "x.jsonl"), cache_dir=str(tmp_path / "cache"))
    assert len(table) == number > 0
    if form == "trl-sft":
        assert table[0]["messages"][2]["tool_calls"][0]["function"]["arguments"]["code"] == "print(6 * 7)\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-f", "nemo", "--correct-only"), "--correct-only is for training examples, not for --format nemo"),
        (("-f", "chat", "--pairs", "2"), "--pairs is for --format dpo"),
        (("-f", "dpo", "--correct-only"), "--correct-only leaves no wrong sample"),
        (("-f", "xml"), ""),
    ],
)
def test_wrong_usage(program: Program, arguments: tuple[str, ...], said: str) -> None:
    ended = program.call("export", "run", *arguments, "-o", "x.jsonl")
    assert ended.code == 2
    assert said in ended.err


def test_without_verdicts_none_is_correct(program: Program) -> None:
    run_of(program.home / "open", [solution(*RIGHT, gold=None)])
    ended = program.call("export", "open", "-f", "chat", "-o", "x.jsonl", "--correct-only")
    assert (ended.code, len(ended.complaints)) == (2, 1)
    ended = program.call("export", "run/results.jsonl", "-f", "chat", "-o", "x.jsonl")
    assert (ended.code, len(ended.complaints)) == (2, 1)
