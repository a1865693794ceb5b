"""A finished trace as a row: the field names, the failures, and the file of rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kernels_sandbox import CellResult
from mathagent.data import Option, Problem
from mathagent.errors import UsageError
from mathagent.events import Answer, CodeBlock, Event, Execution, Finish, Request, Started, Text
from mathagent.run.rows import Row, read_results, row_of
from mathagent.trace import Trace
from mathagent.trace.schema import GradeRecord
from mathagent.types import Message, ModelInfo, TokenUsage
from tests.run.stored import DATA, row
from tests.trace.conftest import make_recorder

PROBLEM = Problem(
    id="p7",
    text="What is 6 * 7?",
    gold="42",
    also=("forty-two",),
    level="3",
    kind="Algebra",
    source="made",
    language="en",
    group="p7",
    extra={"question": "What is 6 * 7?", "n": 7},
)


def trace_of(*events: Event, verdict: str | None = None) -> Trace:
    recorder = make_recorder()
    recorder.take(Started(ModelInfo("m", 4096, "vllm", True), (Message("user", "What is 6 * 7?"),), 4096))
    for event in events:
        recorder.take(event)
    trace = recorder.trace()
    if verdict is not None:
        trace.grade = GradeRecord.model_validate(
            {"verdict": verdict, "gold": "42", "detail": "read as 42", "seconds": 0.1}
        )
    return trace


def solved() -> Trace:
    results = [
        CellResult("error", seconds=0.5),
        CellResult("timeout", seconds=5.0),
        CellResult("died", seconds=0.25),
        CellResult("ok", result="42", seconds=0.25),
    ]
    events: list[Event] = [Text("I multiply.\n")]
    for index, result in enumerate(results):
        events += [
            CodeBlock(index, "6 * 7\n", "```python\n6 * 7\n```\n"),
            Request(TokenUsage(100 + index, 10, 60), 0.5, 0.1, "stop", None),
            Execution(index, result, f"shown {index}", f"```output\nshown {index}\n```\n"),
        ]
    events += [Text("So \\boxed{42}."), Answer("42"), Finish("answer", "the model ended its reply")]
    return trace_of(*events, verdict="correct")


def test_every_field_of_a_solved_problem() -> None:
    trace = solved()
    made = row_of(trace, PROBLEM, 2, 99, cluster=0)
    assert made.generation == trace.reply
    assert "shown 3" in made.generation
    assert made.trace_id == trace.id
    expected: dict[str, Any] = {
        "id": "p7",
        "sample": 2,
        "problem": "What is 6 * 7?",
        "expected_answer": "42",
        "also": ["forty-two"],
        "level": "3",
        "type": "Algebra",
        "language": "en",
        "source": "made",
        "predicted_answer": "42",
        "symbolic_correct": True,
        "verdict": "correct",
        "grade_detail": "read as 42",
        "previous_verdict": None,
        "finish_reason": "answer",
        "error": None,
        "stopped": None,
        "num_generated_tokens": 40,
        "num_prompt_tokens": 406,
        "num_cached_tokens": 240,
        "generation_time": 2.0,
        "code_rounds_executed": 4,
        "code_execution_time": 6.0,
        "num_code_timeouts": 1,
        "num_code_errors": 1,
        "num_kernel_deaths": 1,
        "seed": 99,
        "cluster": 0,
        "rotations": 1,
        "mean_logprob": None,
        "reward_model_score": None,
        "extra": {"question": "What is 6 * 7?", "n": 7},
    }
    written = json.loads(made.model_dump_json())
    assert {name: written[name] for name in expected} == expected
    assert made.counted
    assert made.votes


@pytest.mark.parametrize("reason", ["model_error", "kernel_error", "cancelled"])
def test_a_failed_solve_is_never_wrong(reason: str) -> None:
    """Not even with an answer and a verdict in its trace."""
    trace = trace_of(Answer("7"), Finish("answer", "x"), verdict="wrong")
    trace.finish.reason, trace.finish.detail = reason, "the kernel could not be had"
    made = row_of(trace, PROBLEM, 0, 1)
    assert (made.verdict, made.symbolic_correct, made.error) == (
        "ungraded",
        None,
        "the kernel could not be had",
    )
    assert not made.counted
    assert not made.votes


def test_a_limit_is_the_models_own_doing() -> None:
    made = row_of(trace_of(Finish("token_limit", "all used up"), verdict="wrong"), PROBLEM, 0, None)
    assert (made.verdict, made.error, made.predicted_answer) == ("wrong", None, None)
    assert made.counted
    assert not made.votes


def test_a_sample_that_the_vote_stopped_is_no_failure() -> None:
    trace = trace_of(Finish("cancelled", "stopped"))
    made = row_of(trace, PROBLEM, 0, 1, stopped="vote")
    assert (made.stopped, made.error, made.verdict, made.counted) == ("vote", None, "ungraded", False)
    ended_before = row_of(solved(), PROBLEM, 0, 1, stopped="vote")
    assert (ended_before.stopped, ended_before.verdict) == (None, "correct")


def test_rotations_are_known_by_their_group() -> None:
    options = tuple(Option(label, label) for label in "ABCD")
    turned = Problem(id="q@1", text="?", gold="A", group="q", options=options)
    assert (row_of(solved(), turned, 0, 1).group, row_of(solved(), turned, 0, 1).rotations) == ("q", 4)
    plain = Problem(id="q", text="?", gold="A", group="q", options=options)
    assert row_of(solved(), plain, 0, 1).rotations == 1


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return type(value).__name__


def test_steps_in_internlms_order() -> None:
    steps = row_of(solved(), PROBLEM, 0, 1).steps
    assert [step["role"] for step in steps] == ["language", *["tool", "environment"] * 4, "language"]
    assert steps[1]["content"]["parameters"]["command"] == "```python\n6 * 7\n```"
    assert steps[2]["content"] == "shown 0"
    assert steps[-1]["content"] == "So \\boxed{42}."


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the recorded data is not there: {DATA}")
def test_steps_have_the_form_of_a_recorded_run() -> None:
    recorded = json.loads(
        (DATA / "trajectories" / "internlm-agent-samples.jsonl").read_text().splitlines()[0]
    )
    forms = {step["role"]: shape(step) for step in recorded["steps"]}
    steps = row_of(solved(), PROBLEM, 0, 1).steps
    assert {step["role"]: shape(step) for step in steps} == forms
    assert recorded["steps"][1]["content"]["parameters"]["command"].startswith("```python\n")


def test_a_file_of_rows_is_read_back_whatever_was_added(tmp_path: Path) -> None:
    rows = [row("a"), row("b", 1, judgement="Yes")]
    path = tmp_path / "results.jsonl"
    path.write_text("".join(each.model_dump_json() + "\n" for each in rows))
    found, notices = read_results(path)
    assert (found, notices) == (rows, [])
    assert json.loads(found[1].model_dump_json())["judgement"] == "Yes"


def test_a_torn_last_line_and_doubled_rows_are_told(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    lines = [row("a", answer="1").model_dump_json(), row("b").model_dump_json(), row("a").model_dump_json()]
    torn = row("c").model_dump_json()
    for cut in (1, len(torn) // 2, len(torn) - 1):
        path.write_text("\n".join([*lines, torn[:cut]]))
        found, notices = read_results(path)
        assert [(each.id, each.predicted_answer) for each in found] == [("a", "42"), ("b", "42")]
        assert len(notices) == 2
        assert "line 4" in notices[0]


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"sample": 0}', '{"id": "a", "sample": -1}', '{"id": "a", "verdict": "yes"}']
)
def test_a_bad_line_in_the_middle_is_an_error_with_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text("\n".join([row("a").model_dump_json(), line, row("b").model_dump_json()]) + "\n")
    with pytest.raises(UsageError, match="line 2: not a result"):
        read_results(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_results(tmp_path / "results.jsonl")


def test_a_row_keeps_its_old_verdict_when_it_changes() -> None:
    changed = Row(id="a", verdict="wrong").graded("correct", "now")
    assert (changed.previous_verdict, changed.symbolic_correct) == ("wrong", True)
    assert changed.graded("correct", "again").previous_verdict is None
