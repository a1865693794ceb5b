"""Runs against each other: what is paired, what flips, what it says, and what it leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest

from mathagent.compare import Comparison, Side, compare, open_side
from mathagent.compare.pairing import pair, solved, voted
from mathagent.errors import UsageError
from mathagent.run.metrics import summarize
from mathagent.run.rows import Row
from mathagent.trace import append
from tests.collection.made import solved as solved_trace
from tests.run.stored import failed, make_run, row, samples


def side(label: str, rows: list[Row], k: int = 1) -> Side:
    return Side(label, rows, k)


def one_of(first: list[Row], second: list[Row], k: int = 1) -> Comparison:
    return compare([side("A", first, k), side("B", second, k)], ["A", "B"])[0]


def run(right: str, **fields: object) -> list[Row]:
    """A row for each character: + right, - wrong, 0 no answer, ? undecided, ! failed, . not there."""
    rows = []
    for number, mark in enumerate(right):
        id = f"p{number}"
        if mark == "!":
            rows.append(failed(id))
        elif mark != ".":
            made = row(id, 0, {"+": "42", "-": "41", "0": None, "?": "43"}[mark], level=str(number % 2 + 1))
            made = made.model_copy(update=fields)
            rows.append(made.graded("undecided", "") if mark == "?" else made)
    return rows


def test_what_is_counted_and_what_is_left_out() -> None:
    found = one_of(run("++--0?!.+"), run("+-+-+++++"))
    assert (found.problems, found.only_first, found.only_second, found.uncounted) == (7, 0, 1, 1)
    assert [flip.id for flip in found.gained] == ["p2", "p4", "p5"]  # an undecided answer is not correct
    assert [flip.id for flip in found.lost] == ["p1"]
    (accuracy,) = found.overall.accuracies
    assert accuracy.name == "pass@1"
    assert accuracy.first.percent == pytest.approx(100 * 3 / 7, abs=1e-3)
    assert accuracy.second.percent == pytest.approx(100 * 5 / 7, abs=1e-3)
    assert accuracy.difference == pytest.approx(100 * 2 / 7, abs=1e-3)
    assert (accuracy.first.method, accuracy.first.ci_low > 0) == ("Wilson", True)
    assert accuracy.ci_low < accuracy.difference < accuracy.ci_high
    assert found.overall.p == 2 * 5 / 16
    assert found.overall.p_sign_flip is None
    assert found.lost[0].model_dump() == {
        "id": "p1", "second_id": "p1", "level": "2", "type": "", "gold": "42", "first": "42", "second": "41",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ("+" * 5 + "-" * 12, "-" * 5 + "+" * 12,
         "B solves 12 problems that A doesn't and loses 5; p = 0.14: the difference may well be chance"),
        ("-" * 9 + "+", "+" * 10,
         "B solves 9 problems that A doesn't and loses 0; p = 0.0039: chance alone would hardly do that"),
        ("-" * 20, "+" * 20,
         "B solves 20 problems that A doesn't and loses 0; p < 0.0001: chance alone would hardly do that"),
        ("-+++", "++++", "B solves 1 problem that A doesn't and loses 0; p = 1: too few problems differ to tell"),
        ("+-", "+-", "B and A solve the same of the 2 problems"),
        ("..+", "++.", "A and B have no problem in common: nothing can be said"),
        ("!", "+", "A and B have no verdict on both sides of any problem in common: nothing can be said"),
    ],
)  # fmt: skip
def test_what_it_says(first: str, second: str, says: str) -> None:
    assert one_of(run(first), run(second)).says == says


def test_levels_have_numbers_of_their_own() -> None:
    found = one_of(run("-" * 20), run("+-" * 10))
    assert [(part.name, part.problems, part.gained, part.p) for part in found.by_level] == [
        ("1", 10, 10, 2 / 2**10),
        ("2", 10, 0, 1.0),
    ]
    assert found.by_level[0].p_holm == 4 / 2**10
    assert found.by_type == []


def test_several_samples_vote_and_have_a_test_of_the_mean() -> None:
    first = [each for n in range(8) for each in samples(f"p{n}", ["42", "41", "41"])]
    second = [each for n in range(8) for each in samples(f"p{n}", ["42", "42", None])]
    found = one_of(first, second, k=3)
    single, vote = found.overall.accuracies
    assert (single.name, vote.name) == ("pass@1", "maj@3")
    assert single.first.percent == pytest.approx(100 / 3, abs=1e-3)
    assert (single.difference, vote.difference) == (pytest.approx(100 / 3, abs=1e-3), 100.0)
    assert (found.overall.gained, found.overall.lost) == (8, 0)
    assert found.overall.p_sign_flip == 2 / 2**8
    assert {(flip.first, flip.second) for flip in found.gained} == {("41", "42")}


def test_one_sample_against_several() -> None:
    found = compare(
        [side("A", run("+-")), side("B", [*samples("p0", ["42", "42"]), *samples("p1", ["42", "41"])], 2)],
        ["A", "B"],
    )[0]
    assert [each.name for each in found.overall.accuracies] == ["pass@1", "maj@1 and maj@2"]
    assert (found.overall.gained, found.overall.lost) == (1, 0)  # of two answers the first one wins


def test_verdicts_of_votes() -> None:
    assert solved(samples("p", ["42", "41", "42"]))
    assert not solved(samples("p", ["41", "42"]))
    assert not solved(samples("p", [None, None]))
    assert voted(samples("p", [None, "41", "42", "42"])) == "42"
    assert voted(samples("p", [None])) is None
    bare = row("p", 0, None).graded("correct", "as recorded")  # a tool that stores verdicts and no answers
    assert solved([bare])
    assert not solved([failed("p"), row("p", 1, "41")])


def test_other_ids_are_paired_by_text_and_the_same_id_with_another_text_is_not() -> None:
    first = [row("a1", problem="What is  1 + 1?"), row("x", problem="Only here?"), row("7", problem="One?")]
    second = [row("b1", problem="What is 1 + 1?\n"), row("7", problem="Another?"), row("8", problem="One?")]
    found = pair(first, second)
    assert [(each.first[0].id, each.second[0].id) for each in found.pairs] == [("a1", "b1"), ("7", "8")]
    assert (found.only_first, found.only_second, found.by_text, found.other_text) == (1, 1, 2, 1)
    notes = one_of(first, second).notes
    assert notes == [
        "2 problems have other ids in B and were paired by their text",
        "1 ids stand for other problems in B: not paired by id",
    ]
    twice = pair(
        [row("a", problem="Q?")], [row("b", problem="Q?"), row("c", problem="Q?")]
    )  # which of them nobody knows
    assert twice.pairs == []


def test_rows_without_texts_are_paired_by_id() -> None:
    assert len(pair([row("a", problem="")], [row("a", problem="Q?")]).pairs) == 1


def test_what_samples_take() -> None:
    first, second = run("+-+-", num_generated_tokens=100, code_rounds_executed=1, seconds=2.0), run("+-+-")
    doubled = run("+-+-", num_generated_tokens=200, code_rounds_executed=3, seconds=1.0)
    tokens, rounds, seconds = one_of(first, doubled).work
    assert (tokens.ratio, tokens.ci_low, tokens.ci_high) == (2.0, 2.0, 2.0)
    assert (rounds.first, rounds.second, rounds.difference, rounds.ratio) == (1.0, 3.0, 2.0, None)
    assert (seconds.name, seconds.ratio) == ("seconds", 0.5)
    assert one_of(second, second).work == []
    unmeasured = run("+-+-", code_rounds_executed=1)
    assert [each.name for each in one_of(unmeasured, first).work] == ["code rounds"]
    words = run("+-+-", num_generated_tokens=10)
    coded = run("+-+-", num_generated_tokens=10, code_rounds_executed=1, code_execution_time=0.5)
    kernels = one_of(words, coded).work[-1]  # no code is no time in kernels; and there is no ratio to nothing
    assert (kernels.name, kernels.ratio, kernels.difference) == ("seconds in kernels", None, 0.5)


def test_several_runs_are_corrected_by_holm() -> None:
    sides = [side(name, run(right)) for name, right in (("A", "-" * 7), ("B", "+" * 7), ("C", "+" * 6 + "-"))]
    one, other = compare(sides, ["A", "B", "C"])
    assert (one.overall.p, one.overall.p_holm) == (2 / 2**7, 4 / 2**7)
    assert (other.overall.p, other.overall.p_holm) == (
        2 / 2**6,
        4 / 2**7 if 4 / 2**7 > 2 / 2**6 else 2 / 2**6,
    )
    assert one.says == (
        "B solves 7 problems that A doesn't and loses 0; p = 0.016 (p = 0.031 by Holm for 2 comparisons): "
        "chance alone would hardly do that"
    )


def test_rotations_are_said_to_be_no_problems_of_their_own() -> None:
    rows = [row(f"p{n}", group="p", rotations=4) for n in range(4)]
    (note,) = one_of(rows, rows).notes
    assert note.startswith("rotations of one problem")


def test_sides_of_every_kind(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", samples("p", ["42", "41"]), k=2)
    stored = open_side(folder)
    assert (stored.label, stored.k, len(stored.rows), stored.deciding["model"]) == ("run", 2, 2, "m")
    foreign = tmp_path / "their.jsonl"
    foreign.write_text(
        '{"idx": 3, "question": "Q?", "gt": "42", "pred": ["42", "41"], "score": [true, false]}\n'
    )
    theirs = open_side(foreign)
    assert (theirs.label, theirs.k, [each.verdict for each in theirs.rows]) == (
        "their",
        2,
        ["correct", "wrong"],
    )
    traces = tmp_path / "traces.jsonl"
    for trace in (solved_trace("p1"), solved_trace("p1", 0, "41"), solved_trace("", 0)):
        append(traces, trace)
    ours = open_side(traces)
    assert [each.key for each in ours.rows] == [("p1", 0), ("p1", 1), ("Problem : what is 6 * 7?", 0)]
    assert [each.verdict for each in ours.rows] == ["correct", "wrong", "correct"]
    timeless = tmp_path / "timeless.jsonl"
    append(timeless, solved_trace("p1", started=""))  # as records of other tools are
    assert open_side(timeless).rows[0].generation_start_time is None
    with pytest.raises(UsageError, match="there is no run and no file"):
        open_side(tmp_path / "nothing")


def test_accuracies_are_those_of_the_report() -> None:
    rows = [each for n in range(9) for each in samples(f"p{n}", ["42", "41", "42" if n % 2 else "7", None])]
    second = [each for n in range(9) for each in samples(f"p{n}", ["42"] * (n % 4) + ["41"] * (4 - n % 4))]
    found, report = one_of(rows, second, k=4).overall.accuracies, [summarize(rows), summarize(second)]
    for accuracy, mode in zip(found, ("pass@1[avg-of-4]", "maj@4"), strict=True):
        for share, summary in zip((accuracy.first, accuracy.second), report, strict=True):
            metric = summary.overall.metric(mode)
            assert (share.percent, share.ci_low, share.ci_high) == (
                metric.symbolic_correct, metric.ci_low, metric.ci_high,
            )  # fmt: skip


def test_a_side_without_verdicts_is_told_how_to_get_them() -> None:
    bare = [row("p0", gold=None)]
    (note,) = one_of(bare, run("+")).notes
    assert note == "A has no verdicts; of another tool: mathagent import FILE --grade -o traces.jsonl"
