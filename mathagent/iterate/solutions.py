"""The solutions of a round: every sample of its problems, with a verdict by the known answer or by agreement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from mathagent.augment.agreement import Agreement, agreement
from mathagent.augment.pipeline import root_of
from mathagent.data import Problem
from mathagent.examples import Example, open_examples
from mathagent.examples.example import by_problem

_BY_AGREEMENT = "by the agreement of the samples"


class Line(BaseModel):
    """A line of a round's ledger: one solution, where it comes from, and what became of it.

    id: problem and sample, `p7#0`. problem, made_of, root: ids: of the problem, of the one that it was made of (its
    own, for one of the sources), and of the one of the data set. way: in which it was made; "" for a source. stage: the
    run that has the trace. outcome: "kept", or the reason for which it was dropped. tokens, seconds: what it cost, in
    models and kernels.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    problem: str
    made_of: str
    root: str
    way: str
    stage: str
    trace_id: str
    outcome: str
    tokens: int
    seconds: float


def solutions(run: Path, problems: Sequence[Problem], agree: float) -> list[Example]:
    """The samples of these problems in a run, in the order of the problems, each right, wrong or undecided.

    Args:
        run: its folder; an empty one is no run.
        problems: whose samples are wanted.
        agree: where no answer is known, the share of the samples that must give the leading answer, which then is the
            right one; without such a leader the samples have no verdict.
    """
    if not problems or not (run / "traces.jsonl").exists():
        return []
    found = by_problem(open_examples(run))
    return [each for problem in problems for each in _judged(found.get(problem.id, []), problem, agree)]


def _judged(examples: Sequence[Example], problem: Problem, agree: float) -> Iterable[Example]:
    """The examples of one problem with their verdicts; of one whose answer its samples agreed on, by that."""
    if all(example.row.golds for example in examples):
        return examples
    agreed = agreement([example.row for example in examples], agree)
    return [_by_agreement(example, agreed) for example in examples]


def _by_agreement(example: Example, agreed: Agreement) -> Example:
    row = example.row
    if agreed.fault or row.error is not None or row.stopped is not None:
        return example
    verdict = row.graded("correct" if row.sample in agreed.samples else "wrong", _BY_AGREEMENT)
    return Example(example.trace, verdict.model_copy(update={"expected_answer": agreed.answer}), example.role)


def lines(
    outcomes: Iterable[tuple[Example, str]], problems: Mapping[str, Problem], stages: Mapping[str, str]
) -> list[Line]:
    """The lines of the ledger.

    Args:
        outcomes: every solution and what became of it.
        problems: by id.
        stages: by the id of a problem, the run that has its samples.
    """
    found = []
    for example, outcome in outcomes:
        problem, row = problems[example.row.id], example.row
        found.append(
            Line(
                id=example.name,
                problem=problem.id,
                made_of=str(problem.extra.get("made_of") or problem.id),
                root=root_of(problem),
                way=str(problem.extra.get("way") or ""),
                stage=stages[problem.id],
                trace_id=example.trace.id,
                outcome=outcome,
                tokens=row.num_generated_tokens,
                seconds=round(row.generation_time + row.code_execution_time, 3),
            )
        )
    return found
