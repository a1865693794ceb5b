"""Rows of examples that begin alike: every token in its place, and (with PyTorch) the very loss of each alone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.training.encode import Encoded
from mathagent.training.rows import LONGEST, SHARED, Row, rows
from tests.training.test_tune import needs_torch, tiny


def examples(seed: int, texts: int) -> list[Encoded]:
    """Some texts with a few branches each, learned at the end: as questions over one story are."""
    draw = random.Random(seed)
    made = []
    for _ in range(texts):
        text = [draw.randrange(8) for _ in range(draw.randrange(1, 60))]
        for _ in range(draw.randrange(1, 6)):
            own = [draw.randrange(8) for _ in range(draw.randrange(1, 120))]
            said = draw.randrange(1, len(own) + 1)
            weights = [0.0] * (len(text) + len(own) - said) + [draw.choice((1.0, 4.0)) for _ in range(said)]
            made.append(Encoded((*text, *own), tuple(weights)))
    return made


def branches(row: Row) -> list[list[int]]:
    """The whole ids of every example of a row, as its branches see them."""
    shared = [each for each, branch in zip(row.ids, row.branches, strict=True) if branch == -1]
    return [
        shared + [each for each, own in zip(row.ids, row.branches, strict=True) if own == branch]
        for branch in range(row.examples)
    ]


@given(st.integers(0, 10**6), st.integers(0, 12))
def test_every_example_stands_in_one_row_as_it_is(seed: int, texts: int) -> None:
    data = examples(seed, texts)
    made = rows(data)
    assert sorted(tuple(each) for row in made for each in branches(row)) == sorted(each.ids for each in data)
    assert sum(row.examples for row in made) == len(data)
    for row in made:
        shared = row.branches.count(-1)
        assert row.examples == 1 or (shared >= SHARED and len(row.ids) <= LONGEST)
        for branch in range(row.examples):
            places = [at for at, own in zip(row.positions, row.branches, strict=True) if own in (-1, branch)]
            assert places == list(range(len(places)))
        for after, _, _ in row.learned:
            assert 0 <= after < len(row.ids)
    assert rows(list(reversed(data))) == made
    counted = sorted(counts for row in made for _, _, counts in row.learned)
    assert counted == sorted(counts for each in data for counts in each.weights[1:] if counts)


def test_questions_over_a_text_share_its_tokens() -> None:
    text = tuple(range(40))
    data = [Encoded((*text, 90 + ask, 80, 81), (*(0,) * 41, 1, 4)) for ask in range(3)]
    (row,) = rows(data)
    assert (len(row.ids), row.examples) == (40 + 3 * 3, 3)
    assert row.learned == ((40, 80, 1), (41, 81, 4), (43, 80, 1), (44, 81, 4), (46, 80, 1), (47, 81, 4))
    twice = [Encoded((*text, 80, last), (*(0,) * 40, 1, 1)) for last in (81, 82)]
    assert [counts for row in rows(twice) for _, _, counts in row.learned] == [1, 1, 1, 1], (
        "each says its own"
    )
    assert rows([]) == []
    assert len(rows([Encoded((1, 2), (0, 1)), Encoded((1, 3), (0, 1))])) == 2


@needs_torch
@pytest.mark.timeout(300)
def test_the_loss_of_rows_is_that_of_the_examples_alone(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from mathagent.training.tune import tune
    from mathagent.training.tune_settings import TuneSettings

    data = examples(3, 6)
    made = rows(data)
    assert len(made) < len(data)
    learned = sum(counts for row in made for _, _, counts in row.learned)
    model = tiny(tmp_path / "model")
    alone = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    total = 0.0
    with torch.no_grad():
        for each in data:
            logits = alone(torch.tensor([each.ids])).logits[0, :-1]
            losses = torch.nn.functional.cross_entropy(logits, torch.tensor(each.ids[1:]), reduction="none")
            total += float((losses * torch.tensor(each.weights[1:])).sum())
    settings = TuneSettings(rank=4, rate=0.0, tokens=10**6, epochs=1)
    together = tune(model, data, tmp_path / "out", settings)
    assert together.step == 1
    assert together.loss == pytest.approx(total / learned, rel=1e-4)
