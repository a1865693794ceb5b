"""What is learned, in what batches; where PyTorch is installed, that a tiny model learns it and goes on from a kill."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.errors import RunError
from mathagent.prompts import find_prompt
from mathagent.training.batches import batches
from mathagent.training.encode import CHOSEN, STEP, Encoded, encode
from mathagent.training.example import Author, Example

MISSING = [name for name in ("torch", "transformers", "peft") if importlib.util.find_spec(name) is None]
needs_torch = pytest.mark.skipif(
    bool(MISSING), reason=f"not installed (the extra `train`): {', '.join(MISSING)}"
)
PROMPTS: dict[Any, Any] = {"tir": find_prompt("embedded-tir"), "cot": find_prompt("embedded-cot")}


class Characters:
    """A tokenizer with the surface of a fast one: a token a character."""

    eos_token = "$"

    def apply_chat_template(
        self, messages: Sequence[dict[str, str]], *, tokenize: bool, add_generation_prompt: bool
    ) -> str:
        assert (tokenize, add_generation_prompt) == (False, True)
        return "".join(f"<{each['role']}>{each['content']}$" for each in messages) + "<assistant>"

    def __call__(self, text: str, **options: Any) -> dict[str, Any]:
        assert options == {"add_special_tokens": False, "return_offsets_mapping": True}
        return {
            "input_ids": [ord(each) for each in text],
            "offset_mapping": [(at, at + 1) for at in range(len(text))],
        }


def example(*, ended: bool) -> Example:
    reply: tuple[tuple[Author, str], ...] = (
        ("prompt", "```python\n"),
        ("model", "print(5)\n```\n"),
        ("kernel", "```output\n5\n```\n"),
        ("model", "So 5."),
    )
    return Example("x/1", "x", "2 + 3?", "5", "tir", "block", reply if ended else reply[:2], ended=ended)


@pytest.mark.parametrize(("ended", "learned"), [(True, "print(5)\n```\nSo 5.$"), (False, "print(5)\n```\n")])
def test_only_the_models_own_words_are_learned(ended: bool, learned: str) -> None:
    encoded = encode(example(ended=ended), PROMPTS, Characters())
    text = "".join(map(chr, encoded.ids))
    assert text.startswith("<system>Use Python.$<user>2 + 3?$<assistant>```python\nprint(5)\n```\n")
    assert (
        "".join(chr(each) for each, own in zip(encoded.ids, encoded.weights, strict=True) if own) == learned
    )


def test_what_is_calculated_counts_more_than_what_it_is_called() -> None:
    code = "pens = 4\nleft = pens - 3\nprint(left)\n```\n"
    encoded = encode(replace(example(ended=False), reply=(("model", code),)), PROMPTS, Characters())
    counted = list(zip(map(chr, encoded.ids), encoded.weights, strict=True))[-len(code) :]
    assert {weight for _, weight in counted} == {1.0, STEP, CHOSEN}
    assert "".join(each for each, weight in counted if weight == CHOSEN) == " pens - 3"
    assert "".join(each for each, weight in counted if weight == STEP) == "leftprint"


@given(st.lists(st.integers(1, 300), max_size=200), st.integers(50, 1000), st.integers(0, 5))
def test_batches_hold_every_example_once_and_no_more_tokens_than_asked(
    lengths: list[int], tokens: int, seed: int
) -> None:
    made = list(batches(lengths, tokens, seed))
    assert sorted(index for batch in made for index in batch) == list(range(len(lengths)))
    for batch in made:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= tokens
    assert made == list(batches(lengths, tokens, seed))


@needs_torch
@pytest.mark.timeout(300)
def test_the_loss_of_a_sampled_head_is_that_of_the_whole_one() -> None:
    import torch

    from mathagent.training.head import OTHERS, Head
    from mathagent.training.rows import rows

    torch.manual_seed(0)
    weight, hidden = torch.randn(3 * OTHERS, 8), torch.randn(40, 8)
    said = torch.randint(0, 5, (40,))
    head = Head(weight, rows([Encoded((7, 0, 1, 2, 3, 4), (0, 1, 1, 1, 1, 1))]), seed=0)
    whole = torch.nn.functional.cross_entropy(hidden @ weight.T, said, reduction="none")
    found = torch.stack([head.losses(hidden, said, step) for step in range(60)])
    assert not torch.equal(found[0], found[1]), "the others are drawn anew in every step"
    torch.testing.assert_close(found.mean(0), whole, rtol=0.02, atol=0.05)
    few = Head(weight[:OTHERS], rows([Encoded((7, 0, 1, 2, 3, 4), (0, 1, 1, 1, 1, 1))]), seed=0)
    whole = torch.nn.functional.cross_entropy(hidden @ weight[:OTHERS].T, said, reduction="none")
    torch.testing.assert_close(few.losses(hidden, said, 0), whole)


def tiny(folder: Path, *, tied: bool = False) -> Path:
    """A model of two layers with random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=0.2,
        tie_word_embeddings=tied,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@needs_torch
@pytest.mark.timeout(300)  # the imports alone take long on a busy machine
def test_a_tiny_model_learns_and_a_run_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    from mathagent.training import tune as module
    from mathagent.training.tune import tune
    from mathagent.training.tune_settings import TuneSettings

    model = tiny(tmp_path / "model")
    data = [
        Encoded((1, start, 5, 6, 7), (0, 0, 1, 1, 1))  # always the same answer
        for start in range(10, 50)
    ]
    settings = TuneSettings(rank=8, alpha=16, rate=0.02, tokens=40, epochs=12)
    losses: list[float] = []
    whole = tune(model, data, tmp_path / "whole", settings, lambda progress: losses.append(progress.loss))
    assert whole.examples == 480
    assert whole.loss < 0.7 * losses[0]

    class Killed(Exception):
        pass

    def kill(progress: module.Progress) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SAVE_SECONDS", 0.0)
        with pytest.raises(Killed):
            tune(model, data, tmp_path / "killed", settings, kill)
    rest = tune(model, data, tmp_path / "killed", settings)
    assert (rest.step, rest.examples) == (whole.step, whole.examples)
    assert rest.loss == pytest.approx(whole.loss, rel=1e-3)
    with pytest.raises(ValueError, match="other settings"):
        tune(model, data, tmp_path / "killed", TuneSettings(rank=4))


@needs_torch
@pytest.mark.timeout(300)
def test_an_interrupted_run_leaves_a_checkpoint_of_its_last_step(tmp_path: Path) -> None:
    from mathagent.training.tune import Progress, tune
    from mathagent.training.tune_settings import TuneSettings

    model, settings = tiny(tmp_path / "model"), TuneSettings(rank=4, tokens=8, epochs=40)
    data = [Encoded((1, 2, 3, 4), (0, 1, 1, 1))] * 4
    seen: list[Progress] = []

    def interrupt(progress: Progress) -> None:
        seen.append(progress)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        tune(model, data, tmp_path / "out", settings, interrupt)
    assert signal.getsignal(signal.SIGINT) is before
    assert len(seen) == 1
    rest: list[Progress] = []
    whole = tune(model, data, tmp_path / "out", settings, rest.append)
    assert rest[0].step == seen[0].step + 10
    assert whole.step == 80
    with pytest.raises(RunError, match=r"can't write .*Not a directory"):
        tune(model, data, tmp_path / "model" / "config.json" / "out", replace(settings, epochs=1))


@needs_torch
@pytest.mark.timeout(300)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_whole_model_is_one_that_transformers_loads(tmp_path: Path, dtype: str) -> None:
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    from mathagent.training.tune import tune
    from mathagent.training.tune_settings import TuneSettings

    model = tiny(tmp_path / "model", tied=True)
    PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"a": 1}))).save_pretrained(model)
    data = [Encoded((1, 2, 3, 4), (0, 1, 1, 1))] * 4
    adapter = TuneSettings(rate=0.02, tokens=8, epochs=10)
    tuned = tune(model, data, tmp_path / "adapter", adapter)
    settings = TuneSettings(full=True, first_layer=1, rate=0.01, tokens=8, epochs=10, dtype=dtype)
    first = tune(model, data, tmp_path / "out", settings, start=tmp_path / "adapter")
    assert first.loss < tuned.loss, "it begins with the adapter merged in"
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "out")  # in the dtype that it was written in
    assert merged.dtype == torch.float16
    assert merged(torch.tensor([[1, 2, 3]])).logits[0, -1].argmax() == 4
    base = AutoModelForCausalLM.from_pretrained(model).state_dict()
    same = [
        name
        for name, each in merged.state_dict().items()
        if torch.allclose(each.float(), base[name], atol=1e-3)
    ]
    assert "model.embed_tokens.weight" in same
    assert "model.layers.1.mlp.up_proj.weight" not in same
    more = tune(model, data, tmp_path / "out", replace(settings, minutes=9.0), start=tmp_path / "adapter")
    assert more.step == first.step, "it goes on from its checkpoint, which was its end"


@needs_torch
@pytest.mark.timeout(300)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_adapter_is_one_that_the_server_merges(tmp_path: Path, dtype: str) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    from mathagent.serving.embedded import is_adapter
    from mathagent.serving.in_cpu_env.convert import merge_adapter
    from mathagent.training.tune import tune
    from mathagent.training.tune_settings import TuneSettings

    model = tiny(tmp_path / "model")
    data = [Encoded((1, 2, 3, 4), (0, 1, 1, 1))] * 4
    settings = TuneSettings(first_layer=1, rate=0.1, tokens=8, epochs=4, dtype=dtype)
    first = tune(model, data, tmp_path / "out", settings)
    assert is_adapter(tmp_path / "out")
    parts = load_file(tmp_path / "out" / "adapter_model.safetensors")
    assert {part.dtype for part in parts.values()} == {torch.float16}
    assert all(".layers.1." in name for name in parts)
    weights = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).state_dict()
    before = {name: each.clone() for name, each in weights.items()}
    with torch.no_grad():
        assert merge_adapter(weights, tmp_path / "out") == 7
    assert [name for name in weights if not torch.equal(weights[name], before[name])]
    assert json.loads((tmp_path / "out" / "adapter_config.json").read_text())["peft_type"] == "LORA"
    more = tune(model, data, tmp_path / "more", settings, start=tmp_path / "out")
    assert more.loss < first.loss
    with pytest.raises(ValueError, match="another rank"):
        tune(model, data, tmp_path / "other", TuneSettings(rank=4), start=tmp_path / "out")
