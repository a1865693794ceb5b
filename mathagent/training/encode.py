"""Examples as token ids, and which of them are learned: the model's own words, never the problem or an output.

The text is exactly what the loop sends: the prompt file, rendered by the model's chat template, and the growing reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mathagent.prompts import Prompt
from mathagent.training.example import Example, Mode


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids, and for each whether the model learns to say it."""

    ids: tuple[int, ...]
    learned: tuple[bool, ...]


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
    spans = []
    for author, part in example.reply:
        if author == "model":
            spans.append((len(text), len(text) + len(part)))
        text += part
    if example.ended:
        spans.append((len(text), len(text) + len(tokenizer.eos_token)))
        text += tokenizer.eos_token
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    learned = tuple(
        any(begin <= start < end for begin, end in spans) for start, _ in encoded["offset_mapping"]
    )
    return Encoded(tuple(encoded["input_ids"]), learned)
