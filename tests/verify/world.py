"""Solutions of a few problems, right and wrong, and a model that knows which are right, more or less."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

_CLAIM = re.compile(r"what is (\d+) \+ 3\?")
_BOX = re.compile(r"\\boxed\{(\d+)\}")
_LEAD = re.compile(
    r"(Is step (\d+) right\?|Is the final answer right\?|Which solution is better\?|Which solution is best\?) \w+:?\Z"
)


def question(number: int) -> str:
    return f"Problem <{number}>: what is {number} + 3?"


def rows(problems: int = 4, samples: int = 4) -> list[dict[str, object]]:
    """Sample s of problem n is right unless (n + s) % 3 is 0; the wrong answers differ."""
    return [
        {
            "id": f"p{number}",
            "sample": sample,
            "problem": question(number),
            "expected_answer": str(number + 3),
            "predicted_answer": str(answer),
            "symbolic_correct": answer == number + 3,
            "generation": f"I add {number} and 3.\n\nTry {sample} gives {answer}.\n\nSo it is \\boxed{{{answer}}}.",
            "num_generated_tokens": 20,
        }
        for number in range(problems)
        for sample in range(samples)
        for answer in [number + 3 if (number + sample) % 3 else number + 10 + sample]
    ]


def write_rows(path: Path, problems: int = 4, samples: int = 4) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(problems, samples)))
    return path


def knows(prompt: str) -> Mapping[str, float]:
    """What comes next in the mind of a verifier that finds right solutions with 90 %, wrong ones with 20 %."""
    lead = _LEAD.search(prompt)
    assert lead, prompt[-80:]
    asked = _CLAIM.findall(prompt)[-1]
    right = int(asked) + 3
    solutions = prompt[prompt.rindex("<solution") if "step" in lead[0] or "final" in lead[0] else 0 :]
    claims = [int(each) for each in _BOX.findall(solutions)]
    if "better" in lead[0]:
        return {" A": 0.85, " B": 0.05} if claims[0] == right else {" A": 0.35, " B": 0.55}
    if "best" in lead[0]:
        place = claims.index(right) if right in claims else 0
        return {f" {'ABCDEFGH'[place]}": 0.9}
    good = claims[-1] == right or lead[2] == "1"
    return {" Yes": 0.81, " No": 0.09} if good else {" Yes": 0.18, " No": 0.72}
