"""The numbers of rows: estimates against enumeration, denominators, intervals, counts, costs."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathagent.run.estimates import Sample, best_at, interval, majority_at, pass_at, wilson
from mathagent.run.metrics import Prices, summarize
from mathagent.run.report import decided_early
from mathagent.run.rows import Row
from mathagent.run.votes import Ballot, vote
from tests.run.stored import failed, row, samples

some_samples = st.lists(
    st.tuples(st.sampled_from([None, 0, 1, 2]), st.integers(-2, 3)), min_size=1, max_size=6
).map(
    lambda pairs: [
        Sample(place, cluster == 0, cluster, float(score)) for place, (cluster, score) in enumerate(pairs)
    ]
)


def mean_over_draws(drawn: list[tuple[Sample, ...]], value: object) -> float:
    assert callable(value)
    return sum(value(draw) for draw in drawn) / len(drawn)


@given(some_samples, st.data())
@settings(deadline=None)
def test_pass_at_k_and_best_at_k_are_means_over_all_draws(all_of: list[Sample], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(all_of)))
    draws = list(combinations(all_of, k))
    correct = sum(each.correct for each in all_of)
    one = mean_over_draws(draws, lambda draw: any(each.correct for each in draw))
    assert pass_at(len(all_of), correct, k) == pytest.approx(one)

    def best(draw: tuple[Sample, ...]) -> bool:
        answered = [each for each in draw if each.cluster is not None]
        return bool(answered) and max(answered, key=lambda each: (each.score or 0, -each.number)).correct

    assert best_at(all_of, k) == pytest.approx(mean_over_draws(draws, best))


@given(some_samples, st.booleans())
@settings(deadline=None)
def test_the_full_vote_is_the_vote(all_of: list[Sample], weighted: bool) -> None:
    ballots = [
        Ballot(each.number, each.cluster, (each.score or 0.0) if weighted else 1.0)
        for each in all_of
        if each.cluster is not None
    ]
    outcome = vote(ballots)
    expected = outcome is not None and outcome.winner == 0
    assert majority_at(all_of, len(all_of), weighted=weighted) == expected


@given(some_samples, st.booleans())
@settings(deadline=None, max_examples=40)
def test_smaller_votes_are_near_the_mean_over_all_draws(all_of: list[Sample], weighted: bool) -> None:
    k = max(1, len(all_of) - 2)

    def share(draw: tuple[Sample, ...]) -> float:
        tally: dict[int, float] = {}
        for each in draw:
            if each.cluster is not None:
                tally[each.cluster] = tally.get(each.cluster, 0.0) + (
                    (each.score or 0.0) if weighted else 1.0
                )
        first = [cluster for cluster, votes in tally.items() if votes == max(tally.values())]
        return (0 in first) / len(first) if first else 0.0

    exact = mean_over_draws(list(combinations(all_of, k)), share)
    if k < len(all_of):
        # 200 draws: the standard error is at most 0.036
        assert majority_at(all_of, k, weighted=weighted) == pytest.approx(exact, abs=0.2)


def test_answers_that_were_not_drawn_do_not_win_against_negative_scores() -> None:
    scored = [Sample(place, place < 2, place // 2, -1.0 - place) for place in range(4)]
    assert majority_at(scored, 1, weighted=True) == pytest.approx(0.5, abs=0.2)


def test_known_intervals() -> None:
    """Wilson's interval for 0 of 10, 1 of 10 and 5 of 10, as tables of it have them."""
    assert [
        (round(found.low, 4), round(found.high, 4)) for found in (wilson(0, 10), wilson(1, 10), wilson(5, 10))
    ] == [
        (0.0, 0.2775),
        (0.0179, 0.4042),
        (0.2366, 0.7634),
    ]
    found = interval([0.5] * 20 + [0.25, 0.75] * 40, range(100))
    assert found.method == "bootstrap over problems"
    # the standard error of the mean is 0.0224, by hand
    assert found.low == pytest.approx(0.5 - 1.96 * 0.0224, abs=0.01)
    assert found.high == pytest.approx(0.5 + 1.96 * 0.0224, abs=0.01)
    assert found == interval([0.5] * 20 + [0.25, 0.75] * 40, range(100))


def test_forms_of_one_problem_are_drawn_together() -> None:
    values = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0] * 5
    together = interval(values, [place // 4 for place in range(40)])
    apart = interval(values, range(40))
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_a_greedy_run() -> None:
    rows = [row("a"), row("b", answer="7"), row("c", answer=None), row("d")]
    summary = summarize(rows)
    (metric,) = summary.overall.metrics
    assert (metric.evaluation_mode, metric.num_entries, metric.symbolic_correct) == ("pass@1", 4, 50.0)
    assert metric.no_answer == 25.0
    assert metric.method == "Wilson"
    assert summary.std_dev_across_runs is None


def test_failed_samples_are_in_no_denominator() -> None:
    rows = [row("a"), failed("b"), row("c", answer="7"), failed("d", reason="model_error")]
    summary = summarize(rows)
    metric = summary.overall.metric("pass@1")
    assert (metric.num_entries, metric.symbolic_correct) == (2, 50.0)
    counts = summary.overall.counts
    assert (counts.correct, counts.wrong, counts.failed) == (1, 1, {"kernel_error": 1, "model_error": 1})
    assert counts.no_answer == 0
    assert any("2 of 4 samples failed" in note and "25.00 %" in note for note in summary.notes)


def test_undecided_counts_but_is_not_correct_and_no_gold_counts_nowhere() -> None:
    rows = [row("a"), row("b", verdict="undecided", symbolic_correct=None), row("c", gold=None)]
    summary = summarize(rows)
    metric = summary.overall.metric("pass@1")
    assert (metric.num_entries, metric.symbolic_correct) == (2, 50.0)
    assert (summary.overall.counts.undecided, summary.overall.counts.ungraded) == (1, 1)
    assert len(summary.notes) == 2


def test_nothing_graded_gives_no_accuracy() -> None:
    summary = summarize([row("a", gold=None), failed("b")])
    assert summary.overall.metrics == []
    assert summarize([]).overall.counts.samples == 0


def test_votes_count_equal_answers_by_their_cluster() -> None:
    halves = [
        row("a", place, answer, "1/2") for place, answer in enumerate(["3", "3", "1/2", "0.5", "\\frac12"])
    ]
    halves = [each.graded("wrong" if each.predicted_answer == "3" else "correct", "") for each in halves]
    clustered = [each.model_copy(update={"cluster": int(each.verdict == "correct")}) for each in halves]
    assert summarize(halves).overall.metric("maj@5").symbolic_correct == 0.0  # by text the 3 has most votes
    assert summarize(clustered).overall.metric("maj@5").symbolic_correct == 100.0


def test_empty_boxes_have_no_vote() -> None:
    rows = [
        row("a", place, answer, cluster=cluster)
        for place, (answer, cluster) in enumerate([("", -1)] * 3 + [("42", 0)])
    ]
    assert summarize(rows).overall.metric("maj@4").symbolic_correct == 100.0


def test_problems_with_failed_samples_are_left_out_of_pass_at_k_but_vote() -> None:
    rows = samples("a", ["42", "42", "7", "42"]) + samples("b", ["7", "7", "42"]) + [failed("b", 3)]
    overall = summarize(rows, k=4).overall
    assert [metric.evaluation_mode for metric in overall.metrics] == [
        *("pass@1[avg-of-4]", "maj@2", "maj@4", "pass@2", "pass@4")
    ]
    assert overall.metric("pass@1[avg-of-4]").symbolic_correct == pytest.approx(
        100 * (3 / 4 + 1 / 3) / 2, abs=1e-3
    )
    assert overall.metric("pass@4").num_entries == 1
    assert (overall.metric("maj@4").num_entries, overall.metric("maj@4").symbolic_correct) == (2, 50.0)


def test_early_stopping_is_counted_and_hides_what_it_would_bias() -> None:
    fields = {"num_generated_tokens": 100}
    easy = samples("easy", ["42", "42", "42"], **fields)
    easy.append(
        row(
            "easy",
            3,
            None,
            stopped="vote",
            verdict="ungraded",
            symbolic_correct=None,
            num_generated_tokens=40,
        )
    )
    hard = samples("hard", ["1", "2", "3", "4", "42", "42"], **fields)
    summary = summarize(easy + hard, k=6, decided={"easy"})
    modes = [metric.evaluation_mode for metric in summary.overall.metrics]
    assert "pass@2" in modes
    assert "pass@4" not in modes
    assert summary.overall.metric("maj@6").num_entries == 2
    # two never began, one was stopped after 40 of the usual 100 tokens
    assert (summary.saved.problems, summary.saved.samples, summary.saved.tokens) == (1, 3, 260)
    assert summary.std_dev_across_runs is None
    assert any("stopped when the vote was decided" in note for note in summary.notes)


def test_which_problems_were_stopped_early_follows_from_the_rows() -> None:
    rows = samples("sure", ["42"] * 5) + samples("open", ["42", "7"]) + samples("whole", ["42"] * 8)
    assert decided_early(rows, 8, "decided") == {"sure"}
    assert decided_early(rows, 8, 0.95) == {"sure"}
    assert decided_early(rows, 8, None) == set()


def test_rewards() -> None:
    scored = [
        each.model_copy(update={"reward_model_score": score})
        for each, score in zip(samples("a", ["42", "7", "7", None]), [0.9, 0.3, 0.4, 5.0], strict=True)
    ]
    overall = summarize(scored).overall
    assert overall.metric("rm_best@4").symbolic_correct == 100.0
    assert overall.metric("rm_majority@4").symbolic_correct == 100.0
    assert overall.metric("maj@4").symbolic_correct == 0.0
    part = [scored[0].model_copy(update={"reward_model_score": None}), *scored[1:]]
    with pytest.raises(KeyError):
        summarize([*part, *samples("b", ["1"] * 4)]).overall.metric("rm_best@4")


def test_votes_by_log_probability() -> None:
    """Two unsure samples for the wrong answer against a sure one for the right: exp of the mean is the weight."""
    by = [-0.1, -1.0, -1.5, -9.0]
    scored = [
        each.model_copy(update={"mean_logprob": mean})
        for each, mean in zip(samples("a", ["42", "7", "7", None]), by, strict=True)
    ]
    assert [round(each.likelihood or 0, 4) for each in scored] == [0.9048, 0.3679, 0.2231, 0.0001]
    overall = summarize(scored).overall
    assert overall.metric("maj@4[logprob]").symbolic_correct == 100.0
    assert overall.metric("maj@4").symbolic_correct == 0.0
    modes = [metric.evaluation_mode for metric in overall.metrics]
    assert modes == [
        *("pass@1[avg-of-4]", "maj@2", "maj@4", "maj@2[logprob]", "maj@4[logprob]", "pass@2", "pass@4")
    ]
    assert "maj@4[logprob]" not in [
        each.evaluation_mode for each in summarize(samples("a", "1234")).overall.metrics
    ]
    part = [scored[0], scored[1].model_copy(update={"mean_logprob": None}), *scored[2:]]
    both = summarize([*part, *(each.model_copy(update={"id": "b"}) for each in scored)]).overall
    assert (both.metric("maj@4[logprob]").num_entries, both.metric("maj@4").num_entries) == (1, 2)


def test_a_vote_that_weights_decided_is_known_by_its_weights() -> None:
    rows = [
        each.model_copy(update={"mean_logprob": mean})
        for each, mean in zip(samples("a", ["42", "42", "7", "7"]), [-0.01, -0.01, -3.0, -3.0], strict=True)
    ]
    assert decided_early(rows, 5, "decided", "logprob") == {"a"}
    assert decided_early(rows, 5, "decided") == set()
    notes = summarize(rows, k=5, decided={"a"}, weight="logprob").notes
    assert any(
        note.startswith("the vote that was decided is maj@k[logprob]'s; maj@k could") for note in notes
    )


def test_circular_evaluation_wants_every_rotation_right() -> None:
    def rotated(id: str, answers: str, sample: int = 0) -> list[Row]:
        return [
            row(f"{id}@{turn}", sample, answer, "A", group=id, rotations=4)
            for turn, answer in enumerate(answers)
        ]

    rows = rotated("a", "AAAA") + rotated("b", "AABA") + rotated("c", "BBBB") + rotated("d", "AAA")
    overall = summarize(rows).overall
    assert overall.metric("pass@1").num_entries == 15
    circular = overall.metric("circular@1")
    assert (circular.num_entries, circular.symbolic_correct) == (
        3,
        pytest.approx(33.3333),
    )  # d is not complete
    both = rotated("a", "AAAA") + rotated("a", "AAAB", 1)
    assert summarize(both).overall.metric("circular@1[avg-of-2]").symbolic_correct == 50.0


def test_groups_counts_and_work() -> None:
    rows = [
        row(
            "a",
            level="10",
            type="Algebra",
            num_kernel_deaths=1,
            num_prompt_tokens=1000,
            num_cached_tokens=400,
        ),
        row(
            "b",
            level="2",
            answer=None,
            finish_reason="token_limit",
            num_generated_tokens=500,
            code_rounds_executed=3,
        ),
        row("c", answer="7", level="2", num_code_timeouts=2, generation_time=1.5, code_execution_time=0.25),
    ]
    summary = summarize(rows, prices=Prices(prompt=2.0, generated=10.0, cached=0.5))
    assert [group.name for group in summary.by_level] == ["2", "10"]
    assert [group.name for group in summary.by_type] == ["Algebra", "not given"]
    counts = summary.overall.counts
    assert (counts.limits, counts.kernel_deaths, counts.code_timeouts) == ({"token_limit": 1}, 1, 2)
    usage = summary.usage
    assert (usage.code_rounds, usage.model_seconds, usage.kernel_seconds) == (3, 1.5, 0.25)
    assert usage.cost == pytest.approx((600 * 2.0 + 400 * 0.5 + 500 * 10.0) / 1e6)


def test_time_in_which_samples_ran_counts_once() -> None:
    spans = [(0.0, 10.0), (5.0, 8.0), (9.0, 12.0), (100.0, 101.0)]
    rows = [
        row(str(place), generation_start_time=start, generation_end_time=end)
        for place, (start, end) in enumerate(spans)
    ]
    assert summarize(rows).overall.metrics[0].gen_seconds == 13.0


def test_a_problem_of_which_a_sample_was_stopped_was_stopped_early() -> None:
    """Even if a sample that ended meanwhile made its vote less sure."""
    rows = [*samples("a", ["42", "42", "42", "7"]), row("a", 4, None, stopped="vote", verdict="ungraded")]
    assert decided_early(rows, 64, 0.9) == {"a"}
