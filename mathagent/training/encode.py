"""Examples as token ids, and how much each counts: the model's own words, never the problem or an output.

What is calculated counts more than what it is called. Of the loss of a model that knows the form, three quarters lay in
the names of variables, where another would do as well, and a quarter in what is added to, taken from or multiplied with
what (README.md, "tune").

The text is exactly what the loop sends: the prompt file, rendered by the model's chat template, and the growing reply.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mathagent.prompts import Prompt
from mathagent.training.example import Example, Mode

CHOSEN = 8.0
"""What a token of a calculation counts, where any other of the model's own counts 1."""
STEP = 3.0
"""What a token counts that says what is calculated next, or that nothing is: the name of a result, `print`."""
_STEP = re.compile(r"^(?P<next>print(?=\()|\w+(?= =.* [-+*/]))(?: =(?P<chosen>.*))?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids, and for each what it counts in the loss; 0: the model does not learn to say it."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]


def encode(example: Example, prompts: Mapping[Mode, Prompt], tokenizer: Any) -> Encoded:
    """Encode an example with the prompt of its mode.

    Args:
        example: what is learned from.
        prompts: the prompt file of each mode that occurs.
        tokenizer: a fast tokenizer of transformers with a chat template.
    """
    messages = [
        {"role": message.role, "content": message.content}
        for message in prompts[example.mode].messages(example.problem)
    ]
    text: str = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    spans: list[tuple[int, int, float]] = []
    for author, part in example.reply:
        if author == "model":
            for found in _STEP.finditer(part):
                for name, weight in (("next", STEP), ("chosen", CHOSEN)):
                    begin, end = found.span(name)
                    spans.append((len(text) + begin, len(text) + end, weight))
            spans.append((len(text), len(text) + len(part), 1.0))
        text += part
    if example.ended:
        spans.append((len(text), len(text) + len(tokenizer.eos_token), 1.0))
        text += tokenizer.eos_token
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    weights = tuple(
        next((weight for begin, end, weight in spans if begin <= start < end), 0.0)
        for start, _ in encoded["offset_mapping"]
    )
    return Encoded(tuple(encoded["input_ids"]), weights)
