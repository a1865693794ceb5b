"""`mathagent grade` and `report`: stored runs, rows of other tools, marks by people, and the recorded numbers."""

from __future__ import annotations

import csv
import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from mathagent.grading import Grader
from mathagent.run.regrade import clustered, judge
from tests.cli.program import Ended, Program
from tests.run.recorded import reproduce
from tests.run.stored import DATA, failed, make_run, read, row, samples

needs_data = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the recorded data is not there: {DATA}"),
]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def summary(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    assert isinstance(found, dict)
    return found


def shares(found: dict[str, Any]) -> dict[str, float]:
    return {each["evaluation_mode"]: each["symbolic_correct"] for each in found["overall"]["metrics"]}


async def test_any_of_several_golds_is_right() -> None:
    async with Grader() as grader:
        assert (await judge(grader, "4", ["B", "4"])).verdict == "correct"
        assert (await judge(grader, "5", ["B", "4"])).verdict == "wrong"
        assert (await judge(grader, None, ["B"])).verdict == "wrong"
        with pytest.raises(ValueError, match="no known answer"):
            await judge(grader, "5", [])


async def test_equal_answers_get_one_cluster_and_empty_boxes_none() -> None:
    answers = ["0.5", "2", "\\frac{1}{2}", None, "1/2", " "]
    rows = [row("a", place, answer, "2") for place, answer in enumerate(answers)] + [row("b", 0, "2")]
    async with Grader() as grader:
        found = await clustered(rows, grader)
    assert [each.cluster for each in found] == [0, 1, 0, None, 0, -1, 0]
    assert [each.votes for each in found] == [True, True, True, False, True, False, True]


def test_a_run_is_graded_anew_and_says_what_changed(program: Program, tmp_path: Path) -> None:
    wrong = {"verdict": "wrong", "symbolic_correct": False}
    rows = [
        row("right"),
        row("half", answer="\\frac{1}{2}", gold="0.5"),
        row("seven", answer="7", verdict="correct", symbolic_correct=True),
        row("none", answer=None, gold="3"),
        row("unknown", gold=None),
        failed("dead"),
    ]
    assert [each.verdict for each in rows[:2]] == ["correct", wrong["verdict"]]
    folder = make_run(tmp_path / "run", rows)
    found = summary(program.call("grade", str(folder), "--json"))
    after = {each.id: each for each in read(folder)}
    assert [each.id for each in read(folder)] == [each.id for each in rows]
    assert {id: each.verdict for id, each in after.items()} == {
        **{"right": "correct", "half": "correct", "seven": "wrong", "none": "wrong"},
        **{"unknown": "ungraded", "dead": "ungraded"},
    }
    assert (after["half"].previous_verdict, after["right"].previous_verdict) == ("wrong", None)
    assert [(flip["id"], flip["before"], flip["after"]) for flip in found["flips"]] == [
        ("half", "wrong", "correct"),
        ("seven", "correct", "wrong"),
    ]
    assert shares(found) == {"pass@1": 50.0}
    written = json.loads((folder / "metrics.json").read_text())
    assert written == {name: value for name, value in found.items() if name != "flips"}
    again = program.call("grade", str(folder))
    assert "no verdict changed" in again.out
    assert "1 kernel_error" in again.out


def test_a_dry_run_changes_nothing(program: Program, tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", [row("half", answer="1/2", gold="0.5")])
    before = (folder / "results.jsonl").read_bytes()
    ended = program.call("grade", str(folder), "--dry-run")
    assert "1 wrong to correct" in ended.out
    assert (folder / "results.jsonl").read_bytes() == before
    assert not (folder / "metrics.json").exists()


def test_a_run_that_is_going_on_is_left_alone(program: Program, tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", [row("half", answer="1/2", gold="0.5")])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = program.call("grade", str(folder))
        assert ended.code == 3
        assert "going on" in ended.complaints[0]
    assert program.call("grade", str(folder)).code == 0


def test_answers_from_another_file(program: Program, tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", [row("a", answer="7"), row("b")])
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"id": "a", "problem": "p", "answer": "7"}\n')
    ended = program.call("grade", str(folder), "--gold", str(gold))
    assert "answers to 1 of 2 problems" in ended.err
    assert [(each.expected_answer, each.verdict) for each in read(folder)] == [
        ("7", "correct"),
        ("42", "correct"),
    ]
    gold.write_text('{"id": "z", "problem": "p", "answer": "7"}\n')
    ended = program.call("grade", str(folder), "--gold", str(gold))
    assert ended.code == 2
    assert "no id is one of the run's" in ended.complaints[0]


def test_marks_of_a_person_go_out_and_come_back(program: Program, tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", [row(id, gold=None) for id in "abcd"])
    sheet = tmp_path / "sheet.csv"
    assert program.call("grade", str(folder)).code == 2  # no answer is known
    assert program.call("export", str(folder), "-f", "sheet", "-o", str(sheet)).code == 0
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert [line["answer"] for line in table] == ["42"] * 4
    for line, marks in zip(table, ("3", "1", "0", ""), strict=True):
        line |= {"marks": marks, "max_marks": "3"}
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    ended = program.call("grade", str(folder), "--marks", str(sheet))
    assert ended.code == 0, ended.err
    assert "1 samples have no mark yet, d for one" in ended.err
    assert "4 of 9 (44.4%) over 3 samples" in ended.out
    assert [each.verdict for each in read(folder)] == ["correct", "wrong", "wrong", "ungraded"]
    assert summary(program.call("grade", str(folder), "--json"))["marks"]["percent"] == pytest.approx(44.4444)
    assert [each.verdict for each in read(folder)] == ["correct", "wrong", "wrong", "ungraded"]
    sheet.write_text("id,marks\na,2\n")
    assert (
        "does not say of how many" in program.call("grade", str(folder), "--marks", str(sheet)).complaints[0]
    )
    sheet.write_text("id,marks\na,x\n")
    ended = program.call("grade", str(folder), "--marks", str(sheet))
    assert (ended.code, len(ended.complaints)) == (2, 1)


def test_an_audit_says_why_two_graders_disagree(program: Program, tmp_path: Path) -> None:
    folder = make_run(
        tmp_path / "run", [row("a", answer="(x+y)^2=81", gold="81"), row("b"), row("c", answer="7")]
    )
    found = summary(program.call("grade", str(folder), "--audit", "--json"))["audit"]
    assert found["pairs"] == 3
    (one,) = found["disagreements"]
    assert (one["samples"], one["verdict"], one["second"]) == (["a#0"], "wrong", "correct")
    assert "Math-Verify reads" in one["reason"]


def test_reports(program: Program, tmp_path: Path) -> None:
    rows = samples("a", ["42", "42", "7"], level="2") + samples("b", ["42", "7", "42"], level="1")
    folder = make_run(tmp_path / "run", rows, k=3, problems=4)
    ended = program.call("report", str(folder), "--by", "level", "--price-in", "1", "--price-out", "2")
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    head = ["level", "evaluation_mode", "num_entries", "symbolic_correct", "95%", "interval", "no_answer"]
    assert lines[1].split() == head
    assert lines[2].split()[:4] == ["1", "pass@1[avg-of-3]", "1", "66.67%"]
    assert "the run is not finished: 6 of 12 samples are there" in ended.out
    assert "2/2, 1/2, 1/2 correct" in ended.out
    assert summary(program.call("report", str(folder), "--json"))["usage"]["cost"] is None
    assert not (folder / "metrics.json").exists()
    rows = samples("a", ["42", "42"]) + samples("b", ["42", "7", "42"])
    stopped = program.call("report", str(make_run(tmp_path / "stopped", rows, k=3, stop="decided")))
    assert "saved      1 samples of 1 problems" in stopped.out
    assert "not finished" not in stopped.out


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ({"predicted_answer": "18", "expected_answer": "18.0"}, [True]),
        ({"pred": ["18", "", "7"], "gt": "18"}, [True, False, False]),
        ({"pred": ["18", None], "answer": "18", "score": [True, True]}, [True, False]),
        ({"generation": "so \\boxed{17} or \\boxed{18}", "expected_answer": "18"}, [True]),
        ({"filtered_resps": ["18"], "target": "18", "resps": [["x"]]}, [True]),
        ({"resps": [["\\boxed{18}", "I give up"]], "target": "18"}, [True, False]),
        ({"completion": "18", "ground_truth": {"answer": "18", "solution": "..."}}, [True]),
        ({"predicted_answer": 18, "expected_answer": 18}, [True]),
        ({"predicted_answer": "\\boxed{18}", "expected_answer": "18"}, [True]),
    ],
)
def test_rows_of_other_tools(
    program: Program, tmp_path: Path, line: dict[str, Any], answers: list[bool]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(line) + "\n")
    found = summary(program.call("grade", str(path), "--json"))
    assert [bool(run["correct"]) for run in found["runs"]] == answers


def test_recorded_verdicts_are_held_against_the_grader(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    good = '{"id": 1, "predicted_answer": "1/2", "expected_answer": "0.5", "symbolic_correct": false}\n'
    path.write_text(good + good.replace('"1/2"', '"3"') + '{"id": 2, "pred')
    ended = program.call("grade", str(path))
    assert "1 wrong to correct" in ended.out
    assert "the last line is damaged and left out" in ended.err


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no rows"),
        ('{"id": 1}\n', "no column for answers"),
        ('{"id": 1, "pred": "3"}\n', "no answer is known"),
        ('{"id"\n{"id": 1, "pred": "3", "gt": "3"}\n', "not JSON"),
        ('{"pred": {"a": 1}, "gt": "3"}\n', "text is needed"),
        ('{"id": 1, "sample": -1, "pred": "3", "gt": "3"}\n', "row 1: sample: Input should be"),
        ('{"id": 1, "sample": 0, "pred": "3"}\n{"id": 1, "sample": 0, "pred": "3"}\n', "twice"),
    ],
)
def test_bad_files_are_one_line_and_exit_code_2(
    program: Program, tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text)
    ended = program.call("grade", str(path))
    assert (ended.code, len(ended.complaints)) == (2, 1)
    assert complaint in ended.complaints[0]


@pytest.mark.parametrize("command", [("grade",), ("report",), ("export", "-f", "nemo", "-o", "x.jsonl")])
def test_what_is_no_run(program: Program, tmp_path: Path, command: tuple[str, ...]) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        ended = program.call(command[0], str(path), *command[1:])
        assert (ended.code, len(ended.complaints)) == (2, 1)
    empty = make_run(tmp_path / "empty", [])
    assert "no results yet" in program.call(command[0], str(empty), *command[1:]).complaints[0]


class TestRecorded:
    """The numbers of recorded runs, from their answers."""

    pytestmark = needs_data

    def test_eight_samples_with_rewards(self, program: Program) -> None:
        found = summary(program.call("grade", str(DATA / "reward" / "math_cot_100.jsonl"), "--json"))
        share = shares(found)
        assert share["pass@1[avg-of-8]"] == 93.75
        assert share["maj@8"] == share["rm_best@8"] == 100 * 48 / 50
        assert share["pass@8"] == 100 * 49 / 50
        assert {each["num_entries"] for each in found["overall"]["metrics"]} == {50}
        assert found["flips"] == []

    def test_nemo_with_one_verdict_that_was_recorded_wrong(self, program: Program) -> None:
        """47 of 75 were marked right; the one more has 958 for 958."""
        path = DATA / "cot" / "nemo-math-3samples.jsonl"
        counts = summary(program.call("report", str(path), "--json"))["overall"]["counts"]
        assert (counts["correct"], counts["samples"]) == (47, 75)
        found = summary(program.call("grade", str(path), "--json"))
        assert [(flip["id"], flip["answer"], flip["gold"], flip["after"]) for flip in found["flips"]] == [
            ("train/number_theory/7086.json", "958", "958", "correct")
        ]

    def test_three_runs_of_mathcoder(self, program: Program) -> None:
        path = DATA / "trajectories" / "mathcoder-l70b-gsm8k-3runs.jsonl"
        found = summary(program.call("grade", str(path), "--json"))
        assert [(run["correct"], run["counted"]) for run in found["runs"]] == [
            (572, 660),
            (573, 660),
            (573, 660),
        ]
        assert found["flips"] == []

    def test_tora_through_the_whole_batch(self, tmp_path: Path) -> None:
        """The first problems; `python -m tests.run.recorded` plays all 660."""
        found = reproduce(tmp_path, limit=24)
        assert (found.problems, found.correct, found.differing) == (24, found.recorded, [])
        assert 0 < found.recorded < 24

    def test_tora(self, program: Program) -> None:
        path = DATA / "trajectories" / "tora-code-34b-gsm8k.jsonl"
        found = summary(program.call("grade", str(path), "--json"))
        assert found["overall"]["counts"]["correct"] == 530
