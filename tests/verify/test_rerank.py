"""Ways to choose among samples: published numbers, values by hand, and one table over every kind of verification."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.run.report import Stored
from mathagent.run.rows import Row
from mathagent.run.verdicts import Target
from mathagent.verify.judgements import Judgements, ranked, win_rates
from mathagent.verify.rerank import Reranking, rerank
from tests.cli.program import Ended, Program
from tests.replay.fixtures import DATA, Replay
from tests.verify.world import knows, write_rows


def shares(ended: Ended) -> dict[str, float]:
    assert ended.code == 0, ended.err
    return {
        each["metric"]["evaluation_mode"]: each["metric"]["symbolic_correct"]
        for each in json.loads(ended.out)["ways"]
    }


@pytest.mark.data
def test_the_published_numbers_of_eight_samples_with_rewards(tmp_path: Path) -> None:
    path = DATA / "reward" / "math_cot_100.jsonl"
    if not path.exists():
        pytest.skip(f"the recorded data is not there: {path}")
    found = shares(Program(tmp_path).call("rerank", str(path), "--json"))
    assert found["pass@1[avg-of-8]"] == 93.75
    assert found["maj@8"] == found["rm_best@8"] == 100 * 48 / 50
    assert found["pass@8"] == 100 * 49 / 50
    right = 0
    for line in path.read_text().splitlines():
        row = json.loads(line)
        sums: dict[str, float] = defaultdict(float)
        correct: dict[str, bool] = {}
        for answer, score, verdict in zip(row["pred"], row["pred_score"], row["score"], strict=True):
            sums[answer] += score[0]
            correct[answer] = verdict
        right += correct[max(sums, key=lambda answer: sums[answer])]
    assert found["rm_majority@8"] == 100 * right / 50


def sample(number: int, answer: str | None, *, right: bool = False, tokens: int = 10) -> Row:
    return Row(
        id="p",
        sample=number,
        predicted_answer=answer,
        verdict="correct" if right else "wrong",
        num_generated_tokens=tokens,
    )


# Votes: 7 twice, 8 and 9 once each; 9 is right, and sample 4 has no answer.
ROWS = [sample(0, "7"), sample(1, "8"), sample(2, "7"), sample(3, "9", right=True), sample(4, None)]
ANSWERED = ROWS[:4]
PAIRS = {(0, 1): 0.9, (0, 3): 0.45, (1, 2): 0.4, (1, 3): 0.1, (2, 3): 0.45}
BOTH = PAIRS | {(other, one): 1 - share for (one, other), share in PAIRS.items()}


def test_a_tournament_by_hand() -> None:
    rates = win_rates(ANSWERED, BOTH)
    assert rates is not None
    assert rates[0] == pytest.approx((0.9 + 0.5 + 0.45) / 3)
    assert rates[1] == pytest.approx((0.1 + 0.4 + 0.1) / 3)
    assert rates[3] == pytest.approx((0.55 + 0.9 + 0.55) / 3)
    wins = win_rates(ANSWERED, BOTH, counted=True)
    assert wins is not None
    assert [round(3 * wins[number], 9) for number in range(4)] == [1.5, 0, 1.5, 3]
    assert win_rates(ANSWERED, PAIRS) is None  # an order is missing
    assert win_rates([ROWS[0], ROWS[2]], {}) == {0: 0.5, 2: 0.5}  # nothing to compare
    assert win_rates([ROWS[0]], {}) == {0: 0.5}


def test_ties_go_to_more_votes_and_then_to_the_first() -> None:
    assert ranked(ANSWERED, {0: 0.5, 1: 0.5, 2: 0.5, 3: 0.5}) == {0: 3, 2: 2, 1: 1, 3: 0}
    assert ranked(ANSWERED, {3: 0.6, 1: 0.5}) == {3: 3, 1: 2, 0: 1, 2: 0}


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_win_rates_share_what_there_is_to_win(values: list[float]) -> None:
    pairs = [(one, other) for one in range(4) for other in range(one + 1, 4)]
    known = dict(zip(pairs, values, strict=True))
    both = known | {(other, one): 1 - share for (one, other), share in known.items()}
    for counted in (False, True):
        rates = win_rates(ANSWERED, both, counted=counted)
        assert rates is not None
        assert sum(rates.values()) * 3 == pytest.approx(6)


def judged(role: str, *found: tuple[tuple[int, ...], dict[str, Any]]) -> Judgements:
    rows = [
        (Target("p", samples), Row(id="j", num_prompt_tokens=100, num_generated_tokens=1, **values))
        for samples, values in found
    ]
    return Judgements(role, role, "m", rows)


def steps(*scores: float) -> dict[str, Any]:
    product = 1.0
    for score in scores:
        product *= score
    return {
        "reward_model_score": min(scores),
        "step_product": product,
        "choice_probabilities": [[score, 1 - score] for score in scores],
    }


def ways(*verifications: Judgements) -> Reranking:
    return rerank(Stored(Path("r"), ROWS, []), ROWS, verifications)


def right(found: Reranking) -> dict[str, float]:
    return {way.metric.evaluation_mode: way.metric.symbolic_correct for way in found.ways}


def test_every_way_by_hand() -> None:
    outcome = judged(
        "outcome", *(((n,), {"reward_model_score": s}) for n, s in enumerate((0.5, 0.2, 0.4, 0.8)))
    )
    process = judged(
        "process",
        ((0,), steps(0.6, 0.6)),
        ((1,), steps(0.9, 0.1)),
        ((2,), steps(0.5, 0.95)),
        ((3,), steps(0.55, 0.7)),
    )  # lowest: sample 0; product: sample 2; last: sample 2
    pairwise = judged("pairwise", *((pair, {"reward_model_score": share}) for pair, share in PAIRS.items()))
    select = judged("select", ((0, 1, 2, 3), {"predicted_answer": "D"}))
    found = ways(outcome, process, pairwise, select)
    assert right(found) == {
        "pass@1[avg-of-5]": 20.0,
        "maj@5": 0.0,
        "pass@5": 100.0,
        "rm_best@5": 100.0,
        "rm_majority@5": 0.0,  # 7 has 0.9 in all, 9 has 0.8
        "rm_best@5[min]": 0.0,
        "rm_majority@5[min]": 0.0,
        "rm_best@5[product]": 0.0,
        "rm_majority@5[product]": 0.0,
        "rm_best@5[last]": 0.0,
        "rm_majority@5[last]": 0.0,
        "tournament@5": 100.0,
        "copeland@5": 100.0,
        "select@5": 100.0,
    }
    costs = {way.metric.evaluation_mode: way for way in found.ways}
    assert costs["pass@1[avg-of-5]"].solver_tokens == 10
    assert costs["maj@5"].solver_tokens == 50
    assert costs["tournament@5"].verifier_prompt_tokens == 500
    assert costs["select@5"].verifier_generated_tokens == 1


def test_only_choices_among_all_samples_are_compared() -> None:
    rows = [sample(number, str(number % 3), right=number % 3 == 0) for number in range(16)]
    found = rerank(Stored(Path("r"), rows, []), rows, [])
    assert set(right(found)) == {"pass@1[avg-of-16]", "maj@16", "pass@16"}


def test_several_judgements_of_one_sample_are_averaged() -> None:
    twice = [
        ((n,), {"reward_model_score": s})
        for n, s in ((0, 0.9), (0, 0.1), (1, 0.3), (2, 0.3), (3, 0.6), (3, 0.6))
    ]
    assert right(ways(judged("outcome", *twice)))["rm_best@5"] == 100


def test_all_on_one_table(tmp_path: Path, replay: Replay) -> None:
    server = replay()
    server.state.think = knows
    write_rows(tmp_path / "run.jsonl")
    program = Program(tmp_path, server.base_url)
    folders = []
    for role in ("outcome", "process", "pairwise", "select"):
        assert program.call("verify", "run.jsonl", "--role", role, "-q").code == 0
        folders += ["-s", f"run-{role}"]
    ended = program.call("rerank", "run.jsonl", *folders, "--json")
    found = shares(ended)
    assert found["pass@1[avg-of-4]"] == 62.5
    assert found["pass@4"] == 100
    for name in ("rm_best@4", "rm_majority@4", "rm_best@4[min]", "tournament@4", "copeland@4", "select@4"):
        assert found[name] == 100
    ways = json.loads(ended.out)["ways"]
    assert all(way["verifier_prompt_tokens"] > 0 for way in ways if way["scores"])
    assert {way["metric"]["num_entries"] for way in ways} == {4}
    table = program.call("rerank", "run.jsonl", *folders).out
    assert table.splitlines()[0] == "run.jsonl · 4 samples of 4 problems"
    assert any(line.startswith("tournament@4") and "run-pairwise" in line for line in table.splitlines())

    part = program.call("verify", "run.jsonl", "-n", "6", "-o", "part", "-q")
    assert part.code == 0, part.err
    ended = program.call("rerank", "run.jsonl", "-s", "part")
    assert "note: part leaves out 3 problems: not all of their samples were judged" in ended.out
    costs = [
        line.split()[-2:]
        for line in (*table.splitlines(), *ended.out.splitlines())
        if line.startswith("rm_best@4 ")
    ]
    assert costs[0] == costs[1]  # tokens are those of a problem that was judged


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("none",), "there is no run and no file none"),
        (("run.jsonl", "-s", "run.jsonl"), "run.jsonl is no verification"),
        (("other.jsonl", "-s", "v"), "v judges 'p0', which is no problem of other.jsonl"),
        (("ungraded.jsonl",), "no sample has a verdict"),
    ],
)
def test_wrong_usage(tmp_path: Path, replay: Replay, arguments: tuple[str, ...], says: str) -> None:
    server = replay()
    server.state.think = knows
    write_rows(tmp_path / "run.jsonl", 1, 2)
    program = Program(tmp_path, server.base_url)
    assert "-s" not in arguments or program.call("verify", "run.jsonl", "-o", "v", "-q").code == 0
    row = {"id": "x", "predicted_answer": "1", "expected_answer": "1", "symbolic_correct": True}
    (tmp_path / "other.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "ungraded.jsonl").write_text('{"id": "x", "predicted_answer": "1"}\n')
    ended = program.call("rerank", *arguments)
    assert ended.code == 2
    assert len(ended.complaints) == 1
    assert says in ended.complaints[0]
