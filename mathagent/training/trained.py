"""What is trained of a model: an adapter beside its frozen weights, or the weights of its layers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathagent.training.tune_settings import TuneSettings

_LAYER = re.compile(r"\blayers\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class Trained:
    """A model in training.

    model: a causal language model of transformers. weights: those that are trained, by name. precision: what the
    model is run within. write: puts what was trained into a folder, in float16; what lay there stays whole till then.
    """

    model: Any
    weights: Mapping[str, Any]
    precision: Callable[[], AbstractContextManager[Any]]
    write: Callable[[Path], None]


def trained(model: Path, settings: TuneSettings, device: str, start: Path | None) -> Trained:
    """Load a model, and an adapter to begin with. Raises ValueError where that is of another rank or other layers."""
    import torch

    dtype = getattr(torch, settings.dtype or ("bfloat16" if device == "cuda" else "float32"))
    if settings.full:
        return _full(model, settings, device, dtype, start)
    peft = _adapted(model, settings, device, dtype)
    if start is not None:
        _begin_with(peft, start)
    weights = {name: each for name, each in peft.named_parameters() if each.requires_grad}
    return Trained(
        peft.base_model.model, weights, nullcontext, lambda output: _write_adapter(peft, model, output)
    )


def _full(model: Path, settings: TuneSettings, device: str, dtype: Any, start: Path | None) -> Trained:
    """Weights in float32, as small steps vanish in bfloat16; what is calculated with them is in `dtype`."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    whole = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    if start is not None:
        from peft import PeftModel

        whole = PeftModel.from_pretrained(whole, start).merge_and_unload()
    whole.to(device).train()
    for name, each in whole.named_parameters():
        each.requires_grad_(_adaptable(name, settings))

    def write(output: Path) -> None:
        tied = whole._tied_weights_keys if whole.config.tie_word_embeddings else ()
        state = {name: each for name, each in whole.state_dict().items() if name not in tied}
        half = {name: each.to("cpu", torch.float16) for name, each in state.items()}
        partial = output / "partial"
        whole.save_pretrained(partial, state_dict=half)
        config = json.loads((partial / "config.json").read_text())
        (partial / "config.json").write_text(json.dumps({**config, "dtype": "float16"}, indent=2) + "\n")
        AutoTokenizer.from_pretrained(model).save_pretrained(partial)
        for path in sorted(partial.iterdir(), key=lambda path: path.suffix == ".safetensors"):
            path.replace(output / path.name)
        partial.rmdir()

    weights = {name: each for name, each in whole.named_parameters() if each.requires_grad}
    return Trained(
        whole, weights, lambda: torch.autocast(device, dtype, enabled=dtype != torch.float32), write
    )


def _adaptable(name: str, settings: TuneSettings) -> bool:
    layer = _LAYER.search(name)
    return layer is not None and int(layer[1]) >= settings.first_layer


def _adapted(model: Path, settings: TuneSettings, device: str, dtype: Any) -> Any:
    """The model with an adapter, in training mode."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(model, dtype=dtype)
    adapted = [
        name
        for name, module in base.named_modules()
        if isinstance(module, torch.nn.Linear) and _adaptable(name, settings)
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


def _write_adapter(peft: Any, model: Path, output: Path) -> None:
    """Write the adapter in PEFT's format, as float16: half of float32's bytes, and as exact as it need be."""
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    weights = get_peft_model_state_dict(peft)
    half = {name: each.detach().to("cpu", torch.float16).contiguous() for name, each in weights.items()}
    partial = output / "adapter_model.partial"
    save_file(half, partial, metadata={"format": "pt"})
    config = peft.peft_config["default"].to_dict()
    config |= {"target_modules": sorted(config["target_modules"]), "inference_mode": True}
    config["base_model_name_or_path"] = model.name
    text = json.dumps(config, indent=1, sort_keys=True, default=str) + "\n"
    (output / "adapter_config.json").write_text(text, encoding="utf-8")
    partial.replace(output / "adapter_model.safetensors")
