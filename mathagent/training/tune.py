"""Fit a LoRA adapter (arXiv 2106.09685) to examples: one process, a CPU or a CUDA device, resumable, seeded.

transformers and PEFT make the model and the adapter; the loop over steps is our own and short, because on a CPU what
counts is which work is left out: frozen layers below the lowest adapted one are run without gradients, the output head
sees only the tokens that are learned, what several examples begin with is run once (`rows`), and batches hold rows of
about equal length. Nothing here imports
mathagent's sandbox, so the module runs beside any torch.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mathagent.training.batches import batches
from mathagent.training.encode import Encoded
from mathagent.training.rows import Row, rows

_STATE = "state.pt"
_SAVE_SECONDS = 180.0
_WARM = 0.03
_PADDING = -2  # of a branch's number: none's
_LAYER = re.compile(r"\blayers\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class TuneSettings:
    """How it is tuned.

    rank, alpha: of LoRA, on every linear layer from `first_layer` on. rate: the learning rate at its peak; it falls
    by a cosine to a twentieth of itself. tokens: of a batch, padding counted, and what examples share counted once.
    epochs: passes over the data. minutes: the time that the run may take in all; where it is shorter than the epochs
    take, the cosine follows the clock. dtype: of the frozen weights, float32 or bfloat16; None: bfloat16 on CUDA,
    float32 on a CPU (without AMX, bfloat16 was slower).
    """

    rank: int = 16
    alpha: int = 32
    first_layer: int = 0
    rate: float = 1e-3
    tokens: int = 2048
    epochs: float = 1.0
    minutes: float | None = None
    seed: int = 0
    dtype: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands: steps, examples and tokens so far, seconds of training, the loss of the last steps."""

    step: int
    examples: int
    tokens: int
    seconds: float
    loss: float
    share: float


def tune(
    model: Path,
    data: Sequence[Encoded],
    output: Path,
    settings: TuneSettings,
    report: Callable[[Progress], None] = lambda progress: None,
    *,
    start: Path | None = None,
) -> Progress:
    """Tune, writing a checkpoint every three minutes and at the end; goes on from one that lies in `output`.

    Args:
        model: a folder that transformers reads.
        data: the examples, at least one.
        output: the folder of the adapter, in PEFT's format, and of the state to go on from.
        settings: how. They must be those of the checkpoint, but for `minutes`.
        report: told of the progress every ten steps.
        start: the folder of an adapter of the same rank and layers to begin with, of an earlier round.

    Raises ValueError where `output` holds a run with other settings, or `start` an adapter of another form.
    """
    run = _Run(model, data, output, settings, start)
    while (share := run.share()) < 1.0:
        run.step(share)
        if run.steps % 10 == 0:
            report(run.progress())
        if time.monotonic() - run.saved > _SAVE_SECONDS:
            run.save()
    run.save()
    return run.progress()


class _Run:
    """The state of a run."""

    def __init__(
        self, model: Path, data: Sequence[Encoded], output: Path, settings: TuneSettings, start: Path | None
    ) -> None:
        import torch

        torch.manual_seed(settings.seed)
        self.settings, self.model, self.rows, self.output = settings, model, rows(data), output
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.peft = _adapted(model, settings, self.device)
        if start is not None:
            _begin_with(self.peft, start)
        self.core = self.peft.base_model.model
        self.parameters = [each for each in self.peft.parameters() if each.requires_grad]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=settings.rate, weight_decay=0.0)
        self.steps = self.examples = self.tokens = 0
        self.seconds, self.loss = 0.0, math.nan
        self.lengths = [len(row.ids) for row in self.rows]
        self._resume()
        self.total = math.ceil(settings.epochs * len(self._epoch(0)))
        every = itertools.chain.from_iterable(map(self._epoch, itertools.count()))
        self.batches = itertools.islice(every, self.steps, None)
        self.saved = time.monotonic()

    def share(self) -> float:
        """How much of the run is done, from 0 to 1: by steps or by time, whichever is further."""
        shares = [self.steps / self.total]
        if self.settings.minutes is not None:
            shares.append(self.seconds / (60 * self.settings.minutes))
        return max(shares)

    def step(self, share: float) -> None:
        """One batch."""
        import torch

        began = time.monotonic()
        rate = self.settings.rate * min(1.0, (share + 1e-3) / _WARM)
        rate *= 0.05 + 0.95 * (1 + math.cos(math.pi * share)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        chosen = [self.rows[index] for index in next(self.batches)]
        loss = self._loss(chosen)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        now = float(loss.detach())
        self.loss = now if math.isnan(self.loss) else 0.95 * self.loss + 0.05 * now
        self.steps += 1
        self.examples += sum(row.examples for row in chosen)
        self.tokens += sum(len(row.ids) for row in chosen)
        self.seconds += time.monotonic() - began

    def _loss(self, chosen: Sequence[Row]) -> Any:
        """The mean cross-entropy of the learned tokens, weighted."""
        import torch

        length = max(len(row.ids) for row in chosen)
        ids, positions = torch.zeros(2, len(chosen), length, dtype=torch.long)
        branches = torch.full((len(chosen), length), _PADDING)
        learned = []
        for number, row in enumerate(chosen):
            size = len(row.ids)
            ids[number, :size] = torch.tensor(row.ids)
            positions[number, :size] = torch.tensor(row.positions)
            branches[number, :size] = torch.tensor(row.branches)
            learned += [(number, *each) for each in row.learned]
        sees = None  # plain causal attention, which is faster, and hides padding too: it stands at the end
        if any(row.examples > 1 for row in chosen):
            to, seen = branches[:, :, None], branches[:, None, :]
            sees = ((seen == to) | (seen == -1)) & torch.ones(length, length, dtype=torch.bool).tril()
            sees = sees[:, None].to(self.device)
        which, after, said, weights = map(torch.tensor, zip(*learned, strict=True))
        hidden = self.core.model(
            input_ids=ids.to(self.device),
            position_ids=positions.to(self.device),
            attention_mask=sees,
            use_cache=False,
        ).last_hidden_state
        logits = self.core.lm_head(hidden[which.to(self.device), after.to(self.device)])
        losses = torch.nn.functional.cross_entropy(logits.float(), said.to(self.device), reduction="none")
        weights = weights.to(self.device)
        return (losses * weights).sum() / weights.sum()

    def _epoch(self, number: int) -> list[list[int]]:
        return list(batches(self.lengths, self.settings.tokens, self.settings.seed + number))

    def progress(self) -> Progress:
        """Where it stands."""
        return Progress(self.steps, self.examples, self.tokens, self.seconds, self.loss, self.share())

    def save(self) -> None:
        """Write the adapter and the state; a killed process leaves the last ones whole."""
        import torch

        self.output.mkdir(parents=True, exist_ok=True)
        self._write_adapter()
        counts = {name: getattr(self, name) for name in ("steps", "examples", "tokens", "seconds", "loss")}
        state = {
            "settings": asdict(self.settings),
            "counts": counts,
            "data": len(self.rows),
            "weights": {name: each for name, each in self.peft.named_parameters() if each.requires_grad},
            "optimizer": self.optimizer.state_dict(),
        }
        partial = self.output / f"{_STATE}.partial"
        torch.save(state, partial)
        partial.replace(self.output / _STATE)
        self.saved = time.monotonic()

    def _write_adapter(self) -> None:
        """Write the adapter in PEFT's format, as float16: half of float32's bytes, and as exact as it need be."""
        import torch
        from peft import get_peft_model_state_dict
        from safetensors.torch import save_file

        weights = get_peft_model_state_dict(self.peft)
        half = {name: each.detach().to("cpu", torch.float16).contiguous() for name, each in weights.items()}
        partial = self.output / "adapter_model.partial"
        save_file(half, partial, metadata={"format": "pt"})
        config = self.peft.peft_config["default"].to_dict()
        config |= {"target_modules": sorted(config["target_modules"]), "inference_mode": True}
        config["base_model_name_or_path"] = self.model.name
        text = json.dumps(config, indent=1, sort_keys=True, default=str) + "\n"
        (self.output / "adapter_config.json").write_text(text, encoding="utf-8")
        partial.replace(self.output / "adapter_model.safetensors")

    def _resume(self) -> None:
        import torch

        path = self.output / _STATE
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device)
        same = {**state["settings"], "minutes": None} == {**asdict(self.settings), "minutes": None}
        if not same or state["data"] != len(self.rows):
            raise ValueError(f"{self.output} holds a run with other settings or data")
        own = dict(self.peft.named_parameters())
        with torch.no_grad():
            for name, value in state["weights"].items():
                own[name].copy_(value)
        self.optimizer.load_state_dict(state["optimizer"])
        for name, value in state["counts"].items():
            setattr(self, name, value)


def _adapted(model: Path, settings: TuneSettings, device: str) -> Any:
    """The model with an adapter, in training mode."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    dtype = getattr(torch, settings.dtype or ("bfloat16" if device == "cuda" else "float32"))
    base = AutoModelForCausalLM.from_pretrained(model, dtype=dtype)
    adapted = [
        name
        for name, module in base.named_modules()
        if isinstance(module, torch.nn.Linear)
        and (layer := _LAYER.search(name))
        and int(layer[1]) >= settings.first_layer
    ]
    config = LoraConfig(r=settings.rank, lora_alpha=settings.alpha, target_modules=adapted)
    return get_peft_model(base, config).to(device).train()


def _begin_with(peft: Any, start: Path) -> None:
    from peft import get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    weights = load_file(start / "adapter_model.safetensors")
    shapes = {name: each.shape for name, each in get_peft_model_state_dict(peft).items()}
    if shapes != {name: each.shape for name, each in weights.items()}:
        raise ValueError(f"{start} holds an adapter of another rank or other layers")
    set_peft_model_state_dict(peft, weights)
