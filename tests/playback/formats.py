"""The recorded formats by name, and the protocol that each is played in."""

from __future__ import annotations

from pathlib import Path

from tests.playback.records import TRAJECTORIES, Format
from tests.playback.sources import internlm, mathcoder, mint, openmath, tora

_MINT = (
    "CodeLlama-34b-hf",
    "Meta-Llama-3-70B-Instruct",
    "claude-2",
    "gpt-3.5-turbo-0613",
    "gpt-4-0613",
)
_MATHCODER = (
    ("mathcoder-math500", "MathCoder-CL-34b", "mathcoder-cl34b-math500"),
    ("mathcoder-math", "MathCoder-L-7b", "mathcoder-l7b-math-correct-only"),
    ("mathcoder-gsm8k", "MathCoder-L-70b", "mathcoder-l70b-gsm8k-3runs"),
    ("mathcoder-simuleq", "MathCoder-L-70b", "mathcoder-l70b-simuleq"),
    ("mathcoder-mathematics", "MathCoder-L-70b", "mathcoder-l70b-mathematics"),
)


def formats() -> dict[str, Format]:
    """All formats by name."""
    fewshot = TRAJECTORIES / "nemo-openmath-fewshot.jsonl"
    mint_file = TRAJECTORIES / "mint-math"
    every = (
        Format("tora", "markdown", "tora-code-34b", _file("tora-code-34b-gsm8k"), tora.load_runs),
        Format("tora-corpus", "markdown", "gpt-4", _file("tora-corpus-examples"), tora.load_corpus),
        *(Format(name, "mathcoder", model, _file(stem), mathcoder.load) for name, model, stem in _MATHCODER),
        *(
            Format(f"mint-{each}", "execute", each, (mint_file / f"{each}.jsonl",), mint.load)
            for each in _MINT
        ),
        Format(
            "mint-Eurus-70B-SFT",
            "execute",
            "Eurus-70B-SFT",
            (mint_file / "Eurus-70B-SFT.jsonl",),
            mint.load_fenced,
        ),
        Format(
            "mint-OpenMath-Mistral-7B",
            "llm-code",
            "OpenMath-Mistral-7B-v0.1-hf",
            (mint_file / "OpenMath-Mistral-7B-v0.1-hf.jsonl",),
            mint.load_made_up,
        ),
        Format("internlm", "internlm2", "internlm2-math-7b", _file("internlm-agent-samples"), internlm.load),
        Format("openmath-old", "llm-code", "OpenMath-Mistral-7B-v0.1", (fewshot,), openmath.load_old),
        Format("openmath", "openmath", "OpenMath-Nemotron-7B", (fewshot,), openmath.load_new),
    )
    return {each.name: each for each in every}


def _file(stem: str) -> tuple[Path, ...]:
    return (TRAJECTORIES / f"{stem}.jsonl",)
