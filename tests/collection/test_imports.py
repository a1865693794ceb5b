"""Other tools' records as traces: every format, what is unknown, bad rows, any JSON at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathagent.collection import Collection, open_collection, parse_query
from mathagent.collection.imports import read_imports
from mathagent.errors import UsageError
from mathagent.protocols.frames import read_frames
from mathagent.trace import Trace
from mathagent.trace.schema import CodeStep, OutputStep
from tests.collection.made import solved, write_run

FENCED = "Multiply.\n```python\nprint(6 * 7)\n```\n```output\n42\n```\nSo \\boxed{42}."
TAGGED = "Go.\n<llm-code>\nprint(6 * 7)\n</llm-code>\n<llm-code-output>\n42\n</llm-code-output>\nIt is \\boxed{42}."
CALLED = (
    "<tool_call>\nprint(6 * 7)\n</tool_call>\n```output\n42\n```\n"
    "```system\nRemaining code executions: 7.\n```\n\\boxed{42}"
)
TWO = "```python\nx = 1\n```\n```python\nprint(x)\n```\n\n```output\n1\n```\n```output\nmade up\n```\nno box"
TORA = {"idx": 3, "question": "6 * 7?", "gt": "42", "code": [FENCED], "pred": ["42"], "report": [None]}
NEMO = {
    "id": "n1",
    "problem": "6 * 7?",
    "generation": CALLED,
    "predicted_answer": "42",
    "expected_answer": "42",
}
NEMO |= {"symbolic_correct": True, "num_generated_tokens": 31, "level": "Level 2", "type": "Algebra"}
INTERNLM = {
    "problem": "6 * 7?",
    "idx": 4,
    "gt": "42",
    "pred": ["42"],
    "score": [True],
    "error": None,
    "steps": [
        {"role": "language", "content": "Multiply."},
        {
            "role": "tool",
            "content": {"name": "x", "parameters": {"command": "```python\nprint(6 * 7)\n```"}},
            "name": "interpreter",
        },
        {"role": "environment", "content": "42", "name": "interpreter"},
        {"role": "language", "content": "So \\boxed{42}."},
    ],
}
MATHCODER = {
    "debug_result": [
        {"role": "system", "content": "Solve it."},
        {"role": "user", "content": "6 * 7?"},
        {"role": "text", "content": "Multi"},
        {"role": "text", "content": "ply."},
        {"role": "code", "content": "x = 6 * 7"},
        {"role": "execution", "content": "<empty_execution>"},
        {"role": "code", "content": "print(x)"},
        {"role": "execution", "content": "42"},
        {"role": "text", "content": "It is 42."},
        {"role": "text", "content": "42"},
    ],
    "completion": "42",
    "ground_truth": {"answer": "42", "solution": ""},
    "score": False,
}
OBSERVED = "Observation:\n{}\nYou have {} steps left and 2 chances to propose solution left.\n"
MINT = {
    "state": {
        "history": [
            {"role": "user", "content": "You are helpful. Task: 6 * 7?"},
            {"role": "assistant", "content": "<thought>go</thought>\n<execute>\nprint(6 * 7)\n</execute>\n"},
            {"role": "user", "content": OBSERVED.format("42", 4)},
            {"role": "assistant", "content": "<execute>1</execute><solution>41</solution>"},
            {"role": "user", "content": OBSERVED.format("Your answer is wrong.", 3)},
            {"role": "assistant", "content": "```python\n6 * 7 ␞ \n```"},
        ],
        "latest_output": {"content": OBSERVED.format("Out[1]: 42", 2)},
        "success": False,
        "token_counter": {"prompt_tokens": 9, "completion_tokens": 5},
        "terminate_reason": "max_steps",
    },
    "task": {"prompt": "6 * 7?", "reference": 42.0, "task_id": 8},
    "model": "m-7b",
}


def opened(folder: Path, *records: Mapping[str, Any]) -> Collection:
    file = folder / "theirs.jsonl"
    file.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    return open_collection(file)


def only(folder: Path, record: Mapping[str, Any]) -> Trace:
    collection = opened(folder, record)
    (entry,) = collection.entries
    return collection.trace(entry)


def codes(trace: Trace) -> list[str]:
    return [step.code.strip() for step in trace.steps if isinstance(step, CodeStep)]


def outputs(trace: Trace) -> list[tuple[int, str]]:
    return [(step.index, step.shown) for step in trace.steps if isinstance(step, OutputStep)]


@pytest.mark.parametrize(
    ("text", "protocol"), [(FENCED, "markdown"), (TAGGED, "llm-code"), (CALLED, "openmath")]
)
def test_a_transcript_is_split_and_joins_again(tmp_path: Path, text: str, protocol: str) -> None:
    trace = only(tmp_path, {"question": "6 * 7?", "generation": text})
    assert (trace.protocol, trace.mode, trace.answer) == (protocol, "tir", "42")
    assert (codes(trace), outputs(trace)) == (["print(6 * 7)"], [(0, "42")])
    assert trace.reply == text


def test_code_that_was_not_run_has_no_output(tmp_path: Path) -> None:
    trace = only(tmp_path, {"question": "?", "generation": TWO})
    assert (codes(trace), outputs(trace)) == (["x = 1", "print(x)"], [(1, "1")])
    assert trace.reply == TWO
    assert (trace.answer, trace.finish.reason) == (None, "no_answer")
    plain = only(tmp_path, {"question": "?", "generation": "By hand \\boxed{42}. "})
    assert (plain.mode, plain.protocol, plain.reply) == ("cot", "cot", "By hand \\boxed{42}. ")


def test_tora(tmp_path: Path) -> None:
    trace = only(tmp_path, TORA)
    assert (trace.problem.id, trace.problem.text, trace.answer) == ("3", "6 * 7?", "42")
    assert trace.reply == FENCED
    assert opened(tmp_path, TORA).entries[0].gold == "42"
    assert trace.grade is None  # no verdict is recorded, and none is made up


def test_nemo(tmp_path: Path) -> None:
    (entry,) = opened(tmp_path, NEMO).entries
    assert (entry.problem, entry.verdict, entry.tokens, entry.level) == ("n1", "correct", 31, "2")
    assert entry.known("tokens") == 31
    assert only(tmp_path, NEMO).grade is not None


def test_samples_of_one_row_and_of_several(tmp_path: Path) -> None:
    several = {"question": "a?", "response": [FENCED, TWO], "pred": ["42", ""], "score": [True, False]}
    collection = opened(tmp_path, several, {"question": "b?", "response": FENCED}, several)
    named = [(each.problem, each.sample, each.verdict, each.answer) for each in collection.entries]
    assert named == [
        ("1", 0, "correct", "42"),
        ("1", 1, "wrong", None),
        ("2", 0, "ungraded", "42"),
        ("1", 2, "correct", "42"),
        ("1", 3, "wrong", None),
    ]
    assert [each.id for each in collection.entries[:3]] == ["theirs-1.0", "theirs-1.1", "theirs-2"]
    assert collection.find("theirs-2").problem == "2"


@pytest.mark.parametrize("form", ["steps", "memory", "messages"])
def test_internlm(tmp_path: Path, form: str) -> None:
    said = [
        (
            each["role"],
            each["content"] if isinstance(each["content"], str) else "```python\nprint(6 * 7)\n```",
        )
        for each in INTERNLM["steps"]  # type: ignore[attr-defined]
    ]
    record: dict[str, Any] = INTERNLM
    if form == "messages":
        record = {
            "messages": [{"role": "user", "content": "6 * 7?"}, *({"role": r, "content": c} for r, c in said)]
        }
    if form == "memory":
        thought, code, output, end = (text for _, text in said)
        record = {
            "agent.memory": [
                {"sender": "user", "content": "6 * 7?"},
                {"sender": "Agent", "content": "", "formatted": {"thought": thought, "action": code}},
                {"sender": "ActionExecutor", "content": output},
                {"sender": "Agent", "content": end, "formatted": {"thought": end, "action": None}},
            ]
        }
    trace = only(tmp_path, record)
    assert (trace.protocol, trace.problem.text, trace.answer) == ("internlm2", "6 * 7?", "42")
    assert (codes(trace), outputs(trace)) == (["print(6 * 7)"], [(0, "42")])
    assert trace.reply == (
        "Multiply.<|action_start|><|interpreter|>\n```python\nprint(6 * 7)\n```<|action_end|>\n<|im_end|>\n"
        "<|im_start|>environment name=<|interpreter|>\n42<|im_end|>\n<|im_start|>assistant\nSo \\boxed{42}.<|im_end|>"
    )


def test_mathcoder(tmp_path: Path) -> None:
    trace = only(tmp_path, MATHCODER)
    assert (codes(trace), outputs(trace)) == (["x = 6 * 7", "print(x)"], [(0, ""), (1, "42")])
    assert trace.reply == (
        "<|text|>Multiply.<|endofblock|><|code|>x = 6 * 7<|endofblock|><|execution|><empty_execution><|endofblock|>"
        "<|code|>print(x)<|endofblock|><|execution|>42<|endofblock|><|text|>It is 42.<|endofblock|><|endofmessage|>"
    )
    assert trace.prompt.messages[0] == {"role": "system", "content": "Solve it."}
    assert trace.grade is not None
    assert (trace.grade.verdict, trace.grade.gold) == ("wrong", "42")


def test_mint(tmp_path: Path) -> None:
    trace = only(tmp_path, MINT)
    state: dict[str, Any] = MINT["state"]  # type: ignore[assignment]
    said = [each["content"] for each in state["history"][1:]] + [state["latest_output"]["content"]]
    assert [piece for piece in read_frames(trace.reply) if isinstance(piece, str)] == said
    assert codes(trace) == ["print(6 * 7)", "1", "6 * 7 ␞␞"]  # as it stands in the reply
    assert outputs(trace) == [(0, "42"), (2, "Out[1]: 42")]  # nothing ran where a solution was proposed
    assert (trace.model.name, trace.usage.completion_tokens, trace.answer) == ("m-7b", 5, "41")
    assert (trace.finish.reason, trace.finish.detail, trace.problem.id) == ("answer", "max_steps", "8")
    assert trace.grade is not None
    assert trace.grade.verdict == "wrong"


def test_our_own_results(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [solved("a"), solved("b", answer="41")])
    ours, theirs = open_collection(run), open_collection(run / "results.jsonl")
    for one, other in zip(ours.entries, theirs.entries, strict=True):
        for field in (
            "problem",
            "sample",
            "verdict",
            "answer",
            "finish",
            "level",
            "type",
            "dataset",
            "question",
        ):
            assert getattr(one, field) == getattr(other, field), field
        for field in ("tokens", "prompt_tokens", "started", "model_seconds"):
            assert other.known(field) == getattr(one, field), field
        assert theirs.trace(other).reply == ours.trace(one).reply


def test_what_is_unknown_is_said_and_never_counted(tmp_path: Path) -> None:
    collection = opened(tmp_path, TORA)
    (entry,) = collection.entries
    assert [entry.known(field) for field in ("tokens", "seconds", "model", "errors", "started")] == [None] * 5
    assert entry.known("rounds") == 1
    assert collection.select(parse_query("tokens<5")) == []
    assert collection.select(parse_query("-tokens<5")) == [entry]
    trace = collection.trace(entry)
    assert trace.imported is not None
    assert {"usage.completion_tokens", "output.status", "steps.at"} <= set(trace.imported.unknown)
    assert (trace.imported.file, trace.imported.row, trace.known("seconds")) == ("theirs.jsonl", 1, False)
    assert Trace.model_validate_json(trace.model_dump_json()) == trace


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([FENCED, TWO]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "history", "prompt", "sender", "formatted", "action", "latest_output"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
COLUMNS = ["generation", "code", "pred", "steps", "messages", "debug_result", "state", "task", "agent.memory"]
COLUMNS += ["problem", "id", "score", "sample", "model", "verdict", "gt", "num_generated_tokens", "level"]


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(COLUMNS), JSON, max_size=6))
def test_any_json_is_a_trace_or_a_bad_row(
    tmp_path_factory: pytest.TempPathFactory, record: dict[str, Any]
) -> None:
    file = tmp_path_factory.mktemp("any") / "theirs.jsonl"
    file.write_text(json.dumps(record) + "\n" + json.dumps(TORA) + "\n")
    found = read_imports(file)
    assert found.traces[-1].reply == FENCED
    assert len(found.bad) + len({trace.imported.row for trace in found.traces if trace.imported}) == 2


def test_a_file_without_a_row(tmp_path: Path) -> None:
    file = tmp_path / "theirs.csv"
    file.write_text("question,generation\n")
    with pytest.raises(UsageError, match="no row can be read as a trace"):
        open_collection(file)
