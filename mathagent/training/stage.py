"""The stage `tune` as a whole: files of examples in, a folder with an adapter and its ledger out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from mathagent.errors import DataError, UsageError
from mathagent.prompts import Prompt, find_prompt
from mathagent.serving.embedded import is_adapter
from mathagent.training.encode import Encoded, encode
from mathagent.training.example import Example, Mode, read_examples
from mathagent.training.ledger import Ledger
from mathagent.training.tune import Progress, tune
from mathagent.training.tune_settings import TuneSettings

PROMPTS: dict[Mode, str] = {"tir": "embedded-tir", "cot": "embedded-cot", "numbers": "numbers"}
"""The prompt file that a tuned model is asked with, by mode: what is tuned must be what is sent."""


def tune_files(
    model: Path,
    files: Sequence[Path],
    output: Path,
    settings: TuneSettings,
    report: Callable[[Progress], None],
    *,
    start: Path | None = None,
    threads: int | None = None,
) -> Progress:
    """Tune on files of examples, and write `ledger.json` beside the adapter. The arguments are those of `tune`.

    `threads`: of PyTorch on a CPU; None for its own default. Raises UsageError without the extra `train` or where
    `output` or `start` doesn't fit, DataError for bad files, RunError where nothing can be written.
    """
    examples = examples_of(files)
    if start is not None and not is_adapter(start):
        raise UsageError(f"{start} holds no adapter", "a whole model to begin with: --model")
    if missing := [name for name in ("torch", "transformers", "peft") if find_spec(name) is None]:
        raise UsageError(f"training needs {', '.join(missing)}", "pip install 'mathagent[train]'")
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    encoded = encoded_for(model, examples)
    try:
        done = tune(model, encoded, output, settings, report, start=start)
    except ValueError as error:
        raise UsageError(str(error), "name another folder") from None
    data = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    ledger = Ledger("tune", {**asdict(settings), "data": data, "start": str(start) if start else None})
    for example in examples:
        ledger.keep(example.source)
    ledger.note(**asdict(done), data_tokens=sum(len(each.ids) for each in encoded))
    ledger.write(output / "ledger.json")
    return done


def encoded_for(model: Path, examples: Sequence[Example]) -> list[Encoded]:
    """The examples as a model's tokenizer has them. Needs transformers."""
    from transformers import AutoTokenizer

    prompts: dict[Mode, Prompt] = {mode: find_prompt(name) for mode, name in PROMPTS.items()}
    tokenizer = AutoTokenizer.from_pretrained(model)
    return [encode(example, prompts, tokenizer) for example in examples]


def examples_of(files: Sequence[Path]) -> list[Example]:
    """The examples of all files, at least one. Raises DataError."""
    found = []
    for path in files:
        try:
            found += read_examples(path)
        except OSError as error:
            raise DataError(f"can't read {path}: {error.strerror}", "mathagent train build") from None
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(f"{path} holds no examples: {error}", "mathagent train build") from None
    if not found:
        raise DataError(f"no examples in {', '.join(map(str, files))}", "mathagent train build")
    return found
