"""The solutions of a round as a verifier judges them: a run of judgements, whose scores go into the solutions' rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mathagent.data import DataSet
from mathagent.examples import Example
from mathagent.run.folder import read_rows
from mathagent.run.staged import Stages
from mathagent.settings import Settings
from mathagent.verify.items import Role, items
from mathagent.verify.judgements import read_judgements

VERIFIED = "verified"


async def judged(
    stages: Stages, examples: Sequence[Example], role: Role, settings: Settings, data: DataSet
) -> list[Example]:
    """The examples with `reward_model_score`s, as far as they have an answer to judge.

    Args:
        stages: of the round; the judgements are its stage `verified`.
        examples: solutions.
        role: outcome or process, see `mathagent.verify.items`.
        settings: of the session that solves: the model judges in another role.
        data: what the round goes back to, for names.

    Raises what `Stages.run` does.
    """
    rows = [example.row for example in examples if example.row.votes]
    if not rows:
        return list(examples)
    name = f"{data.name}, {role} of solutions"
    questions = replace(data, name=name, problems=tuple(items(rows, role)), samples=1, bad=())
    asking = replace(
        settings, role=role, mode="cot", prompt=None, protocol=None, tokens=None, executions=None
    )
    folder = await stages.run(VERIFIED, questions, asking, samples=1)
    scores = read_judgements(folder).of_samples(lambda row: row.reward_model_score)
    return [
        replace(each, row=each.row.model_copy(update={"reward_model_score": scores.get(each.row.key)}))
        for each in examples
    ]


def cost(stages: Stages) -> tuple[int, float]:
    """What the judgements cost: tokens of their prompts and replies, and seconds."""
    rows = read_rows(stages.path / VERIFIED)
    tokens = sum(row.num_prompt_tokens + row.num_generated_tokens for row in rows)
    return tokens, round(sum(row.generation_time + row.code_execution_time for row in rows), 1)
